import type { ToolCallResult } from '@halter/core'
import { expect, test } from 'vitest'
import { settle, until } from '../session/support/gates.ts'
import { startRuntime } from '../session/support/runtime.ts'
import { echo, stuck, tool } from '../session/support/tools.ts'

async function watched(script: Parameters<typeof startRuntime>[0], deny = false) {
  const ends: { readonly outcome: string; readonly input: unknown; readonly callId: string }[] = []
  const order: string[] = []
  const { runtime } = await startRuntime(script)
  const session = await runtime.newSession({
    tools: [echo, stuck, tool('slow', () => 'ran', { concurrency: 'exclusive' })],
    hooks: {
      'toolCall.transform': (call) => ({ ...call, input: { final: true } }),
      'toolCall.guard': ({ name }) => (deny || name === 'slow' ? { deny: 'no' } : undefined),
      'toolCall.end': ({ outcome, call }: ToolCallResult) => {
        ends.push({ outcome, input: call.input, callId: call.callId })
        order.push('toolCall.end')
      },
      'turn.end': () => void order.push('turn.end'),
    },
  })
  return { session, ends, order }
}

test('toolCall.end hears of every call: run, denied, malformed, unknown', async () => {
  const { session, ends } = await watched({
    script: [
      {
        toolCalls: [
          { name: 'echo', id: 'a' },
          { name: 'slow', id: 'b' },
          { name: 'echo', id: 'c', rawInput: '{"x' },
          { name: 'nope', id: 'd', input: { y: 1 } },
        ],
      },
      { text: 'done' },
    ],
  })
  await session.submitTurn('go').result
  await settle()
  expect(ends.toSorted((x, y) => (x.callId < y.callId ? -1 : 1))).toEqual([
    { callId: 'a', outcome: 'ok', input: { final: true } },
    { callId: 'b', outcome: 'denied', input: { final: true } },
    { callId: 'c', outcome: 'error', input: null },
    { callId: 'd', outcome: 'error', input: { y: 1 } },
  ])
})

test('toolCall.end hears of what an interrupt cancelled and kept from starting, before turn.end', async () => {
  const { session, ends, order } = await watched({
    script: [
      {
        toolCalls: [
          { name: 'stuck', id: 'a' },
          { name: 'slow', id: 'b' },
        ],
      },
      { text: 'done' },
    ],
  })
  const turn = session.submitTurn('go')
  await until(() => session.state.openCalls.get('a')?.startedInput !== undefined)
  await session.interrupt()
  await turn.result
  await settle()
  expect(ends).toEqual([
    { callId: 'a', outcome: 'cancelled', input: { final: true } },
    { callId: 'b', outcome: 'not-started', input: {} },
  ])
  expect(order).toEqual(['toolCall.end', 'toolCall.end', 'turn.end'])
})
