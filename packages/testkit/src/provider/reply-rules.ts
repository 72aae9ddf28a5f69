import assert from 'node:assert/strict'
import type { StopReason } from '@halter/protocol'
import type { Rule } from '../rule.ts'
import { assertBlocks, assertWhole, callsOf, joined } from './checks.ts'
import { hear, type ActedReply, type ProviderHarness, type ProviderScene } from './harness.ts'
import { sceneRule } from './scene-rule.ts'

const READ_CALL = { id: 'call_1', name: 'read', input: '{"path":"a.txt","lines":[1,2]}' }
const LIST_CALL = { id: 'call_2', name: 'list', input: '{}' }
const BUSY: ActedReply = {
  text: ['Let me ', 'look.'],
  toolCalls: [READ_CALL, LIST_CALL],
  usage: { inputTokens: 120, outputTokens: 30, cacheReadTokens: 80, cacheWriteTokens: 20 },
}
const FULL: ActedReply = { ...BUSY, thinking: 'First I look, then I say it.' }

/** What a whole reply looks like. */
export const replyRules: readonly Rule<ProviderHarness>[] = [
  sceneRule(
    'text comes through as it was written',
    [reply({ text: ['Größe', ' 👩‍👩‍👧 ', '\n\t"x\\y" ', '\u2028<|end|> data: {}\n\n', 'done'] })],
    async (open) => {
      const parts = assertWhole(await hear(open))
      assert.equal(joined(parts, 'text.delta'), 'Größe 👩‍👩‍👧 \n\t"x\\y" \u2028<|end|> data: {}\n\ndone')
      assert.equal(joined(parts, 'thinking.delta'), '')
    },
  ),

  sceneRule('a reply that says nothing ends all the same', [reply({ text: [] })], async (open) => {
    const parts = assertWhole(await hear(open))
    assert.equal(joined(parts, 'text.delta'), '')
  }),

  sceneRule('every block is started, filled and ended, in this order', [reply(BUSY)], async (open) => {
    assertBlocks(assertWhole(await hear(open)))
  }),

  sceneRule('one end comes, and it comes last', [reply(BUSY)], async (open) => {
    const parts = assertWhole(await hear(open))
    assert.equal(parts.filter(({ type }) => type === 'end').length, 1)
  }),

  sceneRule('thinking is told apart from text', [reply(FULL)], async (open) => {
    const parts = assertWhole(await hear(open))
    assertBlocks(parts)
    assert.equal(joined(parts, 'thinking.delta'), FULL.thinking)
    assert.equal(joined(parts, 'text.delta'), 'Let me look.')
  }),

  sceneRule('tool calls come with their ids, names and inputs', [reply(BUSY)], async (open) => {
    const calls = callsOf(assertWhole(await hear(open)))
    assert.deepEqual(
      calls.map(({ name, input }) => ({ name, input: JSON.parse(input || '{}') as unknown })),
      [READ_CALL, LIST_CALL].map(({ name, input }) => ({ name, input: JSON.parse(input) as unknown })),
    )
    assert.equal(new Set(calls.map(({ callId }) => callId)).size, 2)
    assert(
      calls.every(({ callId }) => callId !== ''),
      'a call has no id',
    )
  }),

  sceneRule(
    'an input that is no JSON comes through as it was written',
    [reply({ toolCalls: [{ id: 'call_1', name: 'read', input: '{"path": "a.t' }] })],
    async (open) => {
      const [call] = callsOf(assertWhole(await hear(open)))
      assert.equal(call?.input, '{"path": "a.t')
    },
  ),

  sceneRule('usage is told before the end, the cache as part of the input', [reply(BUSY)], async (open) => {
    const parts = assertWhole(await hear(open))
    const last = parts.findLast((part) => part.type === 'usage')
    assert(last, 'no usage was told')
    const { costUsd: _, ...counts } = last.usage
    for (const [name, count] of Object.entries(counts))
      assert(Number.isSafeInteger(count) && count >= 0, `${name} is ${String(count)}`)
    const { inputTokens, outputTokens, cacheReadTokens = 0, cacheWriteTokens = 0 } = last.usage
    assert.deepEqual({ inputTokens, outputTokens }, { inputTokens: 120, outputTokens: 30 })
    assert(cacheReadTokens + cacheWriteTokens <= inputTokens, 'the cache is counted beside the input')
  }),

  ...stopRules({
    end: { text: ['That is all.'] },
    'tool-calls': { toolCalls: [READ_CALL] },
    'max-output': { text: ['And so it goes'] },
    refused: { text: ['I can not'] },
  }),

  sceneRule(
    'two calls at once do not mix',
    [reply({ text: ['a'.repeat(40)] }), reply({ text: ['a'.repeat(40)], toolCalls: [READ_CALL] })],
    async (open) => {
      const heard = await Promise.all([hear(open), hear(open)])
      const texts = heard.map((each) => joined(assertWhole(each), 'text.delta'))
      assert.deepEqual(texts, ['a'.repeat(40), 'a'.repeat(40)])
      assert.equal(heard.flatMap(({ parts }) => callsOf(parts)).length, 1)
    },
  ),
]

function stopRules(
  replies: Readonly<Record<Exclude<StopReason, 'interrupted'>, ActedReply>>,
): readonly Rule<ProviderHarness>[] {
  return Object.entries(replies).map(([stopReason, acted]) =>
    sceneRule(
      `a reply that stopped with "${stopReason}" says so`,
      [reply({ ...acted, stopReason: stopReason as ActedReply['stopReason'] & string })],
      async (open) => {
        const end = assertWhole(await hear(open)).at(-1)
        assert.equal(end?.type === 'end' && end.stopReason, stopReason)
      },
    ),
  )
}

function reply(acted: ActedReply): ProviderScene {
  return { act: 'reply', reply: acted }
}
