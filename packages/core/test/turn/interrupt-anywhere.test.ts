import type { SessionHooks } from '@halter/core'
import type { TestReply, TestRuntime } from '@halter/core/testing'
import { expect, test } from 'vitest'
import { calls, partsProvider, says } from '../session/support/providers.ts'
import { withRuntime } from '../session/support/runtime.ts'
import { tool } from '../session/support/tools.ts'

/** Waits so many rounds of the microtask queue: where nothing else waits for the system, that is every place a turn can be at. */
async function ticks(count: number): Promise<void> {
  for (let tick = 0; tick < count; tick++) await Promise.resolve()
}

const working = tool('working', async (_, ctx) => {
  for (let step = 0; step < 3; step++) {
    ctx.emit('.')
    await ticks(3)
  }
  await ctx.session.note('worked', 1)
  return 'worked'
})
const alone = tool('alone', () => ticks(4).then(() => 'alone'), {
  concurrency: 'exclusive',
  effects: 'unsafe',
})
const asking = tool('asking', () => 'asked', { needsApproval: () => ({ reason: 'to be sure' }) })

/** Hooks that take their time, so that a turn can be interrupted in each. */
const hooks: SessionHooks = {
  'prompt.transform': () => ticks(2),
  'toolCall.guard': () => ticks(2),
  'toolResult.transform': () => ticks(2),
  'response.transform': () => ticks(2),
  'turn.guard': async (stop) => {
    await ticks(2)
    return stop.stopHookActive ? undefined : { deny: 'one more' }
  },
}

const script: TestReply[] = [
  {
    thinking: 'hm',
    text: ['look ', 'here'],
    toolCalls: [
      { name: 'working', id: 'a' },
      { name: 'working', id: 'b' },
      { name: 'alone', id: 'c' },
      { name: 'nobody', id: 'd' },
      { name: 'working', id: 'e', rawInput: '{"cut' },
    ],
  },
  { toolCalls: [{ name: 'asking', id: 'f' }] },
  { text: 'done' },
  { text: 'one more' },
  { text: 'the next turn works' },
  { text: 'the next turn works' },
]

/** Interrupts the turn after so many ticks; false when it was over by then. */
async function interruptAfter({ runtime }: TestRuntime, count: number): Promise<boolean> {
  const session = await runtime.newSession({
    tools: [working, alone, asking],
    hooks,
    approve: () => ticks(2).then(() => 'once'),
  })
  const turn = session.submitTurn('go')
  await ticks(count)
  const wasOver = session.status === 'idle' && session.state.lastTurn !== undefined
  await session.interrupt()
  const result = await turn.result
  if (!wasOver && result.status !== 'completed') expect(result).toMatchObject({ reason: 'interrupted' })
  const hasStarted = session.state.turns === 1
  expect(hasStarted).toBe(result.status !== 'rejected')
  expect(await session.submitTurn('next').result).toMatchObject({ status: 'completed' })
  return !wasOver
}

test('a turn that is interrupted anywhere has one terminal event, a valid transcript, and a next turn', async () => {
  let last = 0
  for (let count = 0; count < 3_000; count++) {
    let isInside = true
    await withRuntime({ script: ({ messages }) => reply(messages.length) }, async (started) => {
      isInside = await interruptAfter(started, count)
    })
    if (!isInside) break
    last = count
  }
  expect(last).toBeGreaterThan(100)

  /** By the length of the transcript, so that an interrupted turn is followed by one that just ends. */
  function reply(length: number): TestReply {
    if (length === 1) return script[0]!
    if (length === 7) return script[1]!
    return script[2]!
  }
})

test('a model that is interrupted between any two parts leaves only whole ones', async () => {
  const parts = [
    { type: 'thinking.delta', id: '0', text: 'hm' } as const,
    { type: 'thinking.end', id: '0', signature: 's' } as const,
    { type: 'text.delta', id: '1', text: 'one ' } as const,
    { type: 'text.delta', id: '1', text: 'two' } as const,
    ...calls('working'),
  ]
  for (let cut = 0; cut < parts.length; cut++) {
    const provider = partsProvider((_, call) =>
      call === 1 ? [...parts.slice(0, cut), new Promise(() => {})] : says('next'),
    )
    await withRuntime({ plugins: [provider] }, async ({ runtime }) => {
      const session = await runtime.newSession({ model: 'parts', tools: [working] })
      const turn = session.submitTurn('go')
      await ticks(200)
      await session.interrupt()
      const { messages } = await turn.result
      const expected = cut >= 4 ? ['one two'] : cut === 3 ? ['one '] : []
      expect(messages.slice(1).map((message) => message.parts)).toEqual(
        expected.map((text) => [{ kind: 'text', text }]),
      )
      expect(await session.submitTurn('more').result).toMatchObject({ text: 'next' })
    })
  }
})
