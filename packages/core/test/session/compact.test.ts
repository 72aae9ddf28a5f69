import { definePlugin, type Plugin, type SessionHooks } from '@halter/core'
import { textOf } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { deferred, settle } from './support/gates.ts'
import { tapping } from './support/plugins.ts'
import { partsProvider, says } from './support/providers.ts'
import { startRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'
import { summariser } from './support/summariser.ts'
import { tool } from './support/tools.ts'

async function talked(plugins: readonly Plugin[] = [], script?: Parameters<typeof startRuntime>[0]) {
  const started = await startRuntime({
    script: ({ purpose }) => ({ text: purpose === 'compaction' ? 'we talked' : 'answer' }),
    plugins: [summariser(), ...plugins],
    ...script,
  })
  const session = await started.runtime.newSession()
  for (const prompt of ['one', 'two', 'three']) await session.submitTurn(prompt).result
  return { ...started, session }
}

describe('compact', () => {
  test('puts a summary in the place of what was said, and the next turn sees that', async () => {
    const { session, provider, runtime } = await talked()
    const result = await session.compact()
    expect(result).toMatchObject({
      outcome: { trigger: 'manual', summary: 'we talked' },
      usage: { inputTokens: 10 },
    })
    expect([...session.state.transcript].map(textOf)).toEqual(['we talked', 'three', 'answer'])
    await session.submitTurn('four').result
    expect([...provider.requests.at(-1)!.messages].map(textOf)).toEqual([
      'we talked',
      'three',
      'answer',
      'four',
    ])
    const log = await logOf(runtime, session.id)
    expect(log.filter(({ type }) => type === 'compaction.applied')).toHaveLength(1)
  })

  test('W-22: its call is paid by the session, under its own purpose', async () => {
    const { session } = await talked()
    const before = session.usage.total
    await session.compact()
    expect(session.usage.byPurpose['compaction']).toEqual({ inputTokens: 10, outputTokens: 5 })
    expect(session.usage.total.inputTokens).toBe(before.inputTokens + 10)
  })

  test('with nothing to compact is undefined, and records nothing', async () => {
    const { runtime } = await startRuntime({ plugins: [summariser()] })
    const session = await runtime.newSession()
    expect(await session.compact()).toBeUndefined()
    expect(session.state.head).toBe(1)
  })

  test('waits for the next step of a running turn, and that step sees the summary', async () => {
    const gate = deferred()
    const slow = tool('slow', () => gate.promise)
    const { runtime, provider } = await startRuntime({
      plugins: [summariser()],
      script: ({ purpose, messages }) => {
        if (purpose === 'compaction') return { text: 'we talked' }
        return textOf(messages.at(-1)!) === 'work' ? { toolCalls: [{ name: 'slow' }] } : { text: 'answer' }
      },
    })
    const session = await runtime.newSession({ tools: [slow] })
    await session.submitTurn('one').result
    const turn = session.submitTurn('work')
    await settle()
    const compaction = session.compact()
    await settle()
    expect(session.state.compactions).toBe(0)
    gate.resolve()
    expect(await compaction).toBeDefined()
    expect(await turn.result).toMatchObject({ status: 'completed' })
    expect([...provider.requests.at(-1)!.messages].map(({ role }) => role)).toEqual([
      'user',
      'user',
      'assistant',
      'tool',
    ])
    expect(textOf(provider.requests.at(-1)!.messages.at(0)!)).toBe('we talked')
  })

  test('that fails leaves the context as it was, records what it had cost, and is told', async () => {
    const { session } = await talked([], {
      script: ({ purpose }) =>
        purpose === 'compaction'
          ? { error: { kind: 'refused', message: 'no summaries' } }
          : { text: 'answer' },
    })
    const before = session.state.transcript.length
    await expect(session.compact()).rejects.toMatchObject({ kind: 'refused', message: 'no summaries' })
    expect(session.state.transcript).toHaveLength(before)
    expect(await session.submitTurn('four').result).toMatchObject({ status: 'completed' })
  })

  test('W-22: a failed summary is paid for, too', async () => {
    const provider = partsProvider((request) =>
      request.purpose === 'compaction'
        ? [
            { type: 'usage', usage: { inputTokens: 900, outputTokens: 0 } },
            () => {
              throw new Error('connection reset')
            },
          ]
        : says('answer'),
    )
    const { runtime } = await startRuntime({ plugins: [provider, summariser()] })
    const session = await runtime.newSession({ model: 'parts' })
    for (const prompt of ['one', 'two']) await session.submitTurn(prompt).result
    await expect(session.compact()).rejects.toThrow('connection reset')
    expect(session.usage.byPurpose['compaction']).toMatchObject({ inputTokens: 900 })
  })

  test('can be interrupted, between turns and within one', async () => {
    const provider = partsProvider((request) =>
      request.purpose === 'compaction' ? [new Promise(() => {})] : says('answer'),
    )
    const { runtime } = await startRuntime({ plugins: [provider, summariser()] })
    const session = await runtime.newSession({ model: 'parts' })
    for (const prompt of ['one', 'two']) await session.submitTurn(prompt).result
    const compaction = session.compact()
    await settle()
    await session.interrupt()
    await expect(compaction).rejects.toMatchObject({ code: 'ERR_TURN_INTERRUPTED' })
    const turn = session.submitTurn('three')
    const within = session.compact()
    await settle()
    await session.interrupt()
    await expect(within).rejects.toMatchObject({ code: 'ERR_TURN_INTERRUPTED' })
    expect(await turn.result).toMatchObject({ reason: 'interrupted' })
    expect(await session.submitTurn('four').result).toMatchObject({ status: 'completed' })
  })
})

describe('the compaction hooks', () => {
  /** A context manager that asks them, and lets a hook's summary stand for a model's. */
  const asking: Plugin = definePlugin({
    name: 'asking',
    apiVersion: 1,
    provides: ['contextManager'],
    setup: () => ({
      contextManager: {
        plan: ({ state, estimatedTokens }) => ({
          messages: state.transcript,
          segments: state.injected,
          estimatedTokens,
        }),
        async compactNow({ trigger, instructions = '' }, { state, beforeCompaction }) {
          const asked = await beforeCompaction(trigger)
          if (!asked) return undefined
          const summary = asked.summary ?? `summary (${[instructions, asked.instructions ?? ''].join('|')})`
          const droppedSeqs = [{ from: 1, to: state.seqs.at(-1)! }]
          return { outcome: { trigger, droppedSeqs, summary, tokensBefore: 9, tokensAfter: 1 } }
        },
      },
    }),
  })

  const BOTH = 'summary (briefly|keep names)'
  const ways: readonly (readonly [what: string, hooks: SessionHooks, summary: string | undefined])[] = [
    [
      'add instructions',
      { 'compaction.transform': (draft) => ({ ...draft, instructions: 'keep names' }) },
      'summary (briefly|keep names)',
    ],
    [
      'bring a summary of their own',
      { 'compaction.transform': (draft) => ({ ...draft, summary: 'mine' }) },
      'mine',
    ],
    ['keep the long context', { 'compaction.guard': () => ({ deny: 'not now' }) }, undefined],
  ]
  test.each(ways)('%s', async (_what, hooks, summary) => {
    const ended: unknown[] = []
    const watching: SessionHooks = { 'compaction.end': (end) => void ended.push(end) }
    const { runtime } = await startRuntime({
      script: () => ({ text: 'answer' }),
      plugins: [asking, tapping('boss', hooks), tapping('watcher', watching)],
    })
    const session = await runtime.newSession()
    await session.submitTurn('one').result
    const result = await session.compact({ instructions: 'briefly' })
    expect(result?.outcome.summary).toBe(summary)
    expect(ended).toEqual(summary === undefined ? [] : [{ trigger: 'manual', summary }])
  })

  test.each<
    [what: string, given: string | undefined, made: string | undefined, summary: string, guard?: string]
  >([
    ['nothing of nobody', undefined, undefined, 'summary (|)'],
    ["the user's alone", 'briefly', 'briefly', 'summary (briefly|)', 'briefly'],
    ["a hook's alone", undefined, 'keep names', 'summary (|keep names)', 'keep names'],
    ["a hook's beside the user's", 'briefly', 'keep names', BOTH, 'briefly\n\nkeep names'],
    ['what a hook wrote on', 'briefly', 'briefly\nkeep names', BOTH, 'briefly\n\nkeep names'],
    ['a word that only begins alike', 'brief', 'briefly', 'summary (brief|briefly)', 'brief\n\nbriefly'],
    ["the user's, whatever a hook leaves out", 'briefly', undefined, 'summary (briefly|)', 'briefly'],
  ])(
    'and are told of instructions, and the summary gets them once: %s',
    async (_, given, made, summary, all) => {
      const seen: unknown[] = []
      const { runtime } = await startRuntime({
        script: () => ({ text: 'answer' }),
        plugins: [
          asking,
          tapping('writer', {
            'compaction.transform': ({ instructions, ...draft }) => {
              seen.push(instructions)
              return made === undefined ? draft : { ...draft, instructions: made }
            },
            'compaction.guard': ({ instructions }) => void seen.push(instructions),
          }),
        ],
      })
      const session = await runtime.newSession()
      await session.submitTurn('one').result
      const result = await session.compact(given === undefined ? {} : { instructions: given })
      expect(result?.outcome.summary).toBe(summary)
      expect(seen).toEqual([given, all])
    },
  )
})
