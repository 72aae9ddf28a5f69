import type { SessionHandle, SessionHooks } from '@halter/core'
import type { TestReply, TestRuntime } from '@halter/core/testing'
import { describe, expect, test } from 'vitest'
import { settle } from '../session/support/gates.ts'
import { withRuntime } from '../session/support/runtime.ts'
import { liveSession, logOf } from '../session/support/sound.ts'
import { tool } from '../session/support/tools.ts'

async function ticks(count: number): Promise<void> {
  for (let tick = 0; tick < count; tick++) await Promise.resolve()
}

const nothing = (): void => {}
const slow = tool('slow', () => ticks(4).then(() => 'slow'))
const asking = tool('asking', () => 'asked', { needsApproval: () => ({ reason: 'to be sure' }) })
const outer = tool('outer', async (_, { session }) => (await session.callTool('slow', {})).outcome)
const tools = [slow, asking, outer]

/** Plugins that call tools and ask models at every opportunity, waiting for some of them. */
function hooksCounting(ends: string[]): SessionHooks {
  return {
    'turn.start': (_, ctx) => {
      ctx.session.callTool('slow', {}).catch(nothing)
      ctx.session.callModel({ prompt: 'a title?' }).catch(nothing)
    },
    'prompt.transform': async (_, ctx) => {
      await ctx.session.callTool('asking', {})
      await ctx.session.notify('info', 'on its way')
    },
    'toolCall.guard': async (call, ctx) => {
      await ticks(1)
      if (call.by === undefined) ctx.session.callTool('asking', {}).catch(nothing)
    },
    'notification.end': (_, ctx) => ctx.session.notify('info', 'I heard'),
    'turn.guard': async (_, ctx) => {
      await ctx.session.callModel({ prompt: 'done?' })
      ctx.session.callTool('slow', {}).catch(nothing)
    },
    'toolCall.end': ({ call, outcome }) => void ends.push(`${call.callId} ${outcome}`),
  }
}

function reply({ purpose, messages }: { purpose: string; messages: { length: number } }): TestReply {
  if (purpose !== 'turn') return { text: ['an ', 'answer'] }
  if (messages.length > 1) return { text: 'done' }
  return { toolCalls: ['outer', 'asking', 'slow'].map((name) => ({ name, id: name })) }
}

async function open({ runtime }: TestRuntime, ends: string[]): Promise<SessionHandle> {
  return runtime.newSession({
    tools,
    hooks: hooksCounting(ends),
    approve: () => ticks(2).then(() => 'once'),
  })
}

/** Cuts the turn after so many ticks. False when it was over by then. */
async function cutAfter(
  count: number,
  cut: (session: SessionHandle, test: TestRuntime) => Promise<unknown>,
): Promise<boolean> {
  let isInside = false
  await withRuntime({ script: reply }, async (started) => {
    const ends: string[] = []
    const session = await open(started, ends)
    const turn = session.submitTurn('go')
    await ticks(count)
    isInside = session.state.turns === 0 || session.state.turn !== undefined
    await cut(session, started)
    await turn.result
    await settle(3)
    const state = liveSession(started.runtime, session.id)?.state
    expect([state?.pluginCalls.size ?? 0, state?.approvals.size ?? 0]).toEqual([0, 0])
    const finished = (await logOf(started.runtime, session.id)).flatMap((event) =>
      event.type === 'toolCall.finished' ? [`${event.callId} ${event.outcome}`] : [],
    )
    // Every call ends once, and hooks hear of each end once.
    expect(ends.toSorted()).toEqual(finished.toSorted())
    expect(new Set(finished).size).toBe(finished.length)
  })
  return isInside
}

const CUTS: readonly [string, (session: SessionHandle, test: TestRuntime) => Promise<unknown>][] = [
  ['interrupted', (session) => session.interrupt()],
  ['left by its last holder', (session) => session.detach()],
  ['shut down with its session', (session) => session.shutdown()],
  ['shut down with its runtime', (_, { runtime }) => runtime.shutdown({ drainMs: 0 })],
]

describe('a turn in which plugins call tools and ask models is sound, wherever it is', () => {
  test.each(CUTS)('%s', async (_what, cut) => {
    let last = 0
    for (let count = 0; count < 2_000 && (await cutAfter(count, cut)); count++) last = count
    expect(last).toBeGreaterThan(60)
  })
})
