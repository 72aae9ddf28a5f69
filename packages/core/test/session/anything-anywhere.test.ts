import type { ModelRequest, SessionHandle, SessionHooks, TurnHandle } from '@halter/core'
import type { TestReply, TestRuntime } from '@halter/core/testing'
import { expect, test } from 'vitest'
import { withRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'
import { noneSpawned, spawning } from './support/spawning.ts'
import { summariser } from './support/summariser.ts'
import { tool } from './support/tools.ts'

/** Places of the microtask queue that are skipped between two runs: every run takes a few milliseconds. */
const STRIDE = 7

async function ticks(count: number): Promise<void> {
  for (let tick = 0; tick < count; tick++) await Promise.resolve()
}

const working = tool('working', async (_, ctx) => {
  ctx.emit('.')
  await ticks(5)
  await ctx.session.note('worked', 1)
  return 'worked'
})
const asking = tool('asking', () => 'asked', { needsApproval: () => ({ reason: 'to be sure' }) })
const hooks: SessionHooks = {
  'prompt.transform': () => ticks(2),
  'toolCall.guard': () => ticks(2),
  'turn.guard': async ({ stopHookActive }) => {
    await ticks(2)
    return stopHookActive ? undefined : { deny: 'one more' }
  },
}
const attachments = () => ({
  tools: [working, asking, spawning(noneSpawned())],
  hooks,
  approve: () => ticks(2).then(() => 'once' as const),
})

/** Calls for the first prompt, words for everything after it; a child calls once. */
function reply({ sessionId, messages, purpose }: ModelRequest): TestReply {
  if (purpose === 'compaction') return { text: 'summed up' }
  const isFirst = JSON.stringify(messages.at(-1)!.parts).includes('go')
  if (sessionId !== 'main') return isFirst ? { toolCalls: [{ name: 'working' }] } : { text: 'child done' }
  if (!isFirst) return { text: 'done' }
  return { text: 'looking', toolCalls: ['working', 'spawn', 'asking', 'nobody'].map((name) => ({ name })) }
}

interface Scene {
  readonly runtime: TestRuntime['runtime']
  readonly session: SessionHandle
  readonly turn: TurnHandle
}

/** Does something to a running turn at every place of it, as far as the stride allows. */
async function everywhere(deed: (scene: Scene) => Promise<void>): Promise<void> {
  let runs = 0
  while (runs < 500 && (await doAfter(runs * STRIDE, deed))) runs += 1
  expect(runs).toBeGreaterThan(30)
}

/** False when the turn was over by then. */
function doAfter(count: number, deed: (scene: Scene) => Promise<void>): Promise<boolean> {
  return withRuntime({ script: reply, plugins: [summariser()] }, async ({ runtime }) => {
    const session = await runtime.newSession({ sessionId: 'main', ...attachments() })
    const turn = session.submitTurn('go')
    await ticks(count)
    const wasRunning = session.status !== 'idle' || session.state.lastTurn === undefined
    await deed({ runtime, session, turn })
    return wasRunning
  })
}

test('a session may be shut down anywhere: its last event says so', async () => {
  await everywhere(async ({ runtime, session, turn }) => {
    await session.shutdown()
    expect(['interrupted', 'stop', 'closed']).toContain((await turn.result).reason)
    expect((await logOf(runtime, 'main')).at(-1)).toMatchObject({ type: 'session.closed' })
  })
})

test('a runtime may be shut down anywhere', async () => {
  await everywhere(async ({ runtime, turn }) => {
    await runtime.shutdown({ drainMs: 0 })
    expect(['interrupted', 'stop', 'closed']).toContain((await turn.result).reason)
  })
})

test('a session may be left and taken up again anywhere: its turn goes on', async () => {
  await everywhere(async ({ runtime, session, turn }) => {
    const left = session.detach()
    const again = (await runtime.resume('main', attachments()))!
    await left
    expect(await turn.result).toMatchObject({ status: 'completed' })
    expect(await again.submitTurn('more').result).toMatchObject({ status: 'completed' })
  })
})

test('a session may be shut down and resumed anywhere', async () => {
  await everywhere(async ({ runtime, session }) => {
    const closing = session.shutdown()
    const again = (await runtime.resume('main', attachments()))!
    await closing
    expect(await again.submitTurn('more').result).toMatchObject({ status: 'completed' })
  })
})

test('a turn may be steered anywhere: what is said is in the transcript once, and answered', async () => {
  await everywhere(async ({ session, turn }) => {
    const steered = session.steer('by the way')
    expect(await turn.result).toMatchObject({ status: 'completed' })
    expect(await steered.result).toMatchObject({ status: 'completed' })
    const said = [...session.state.transcript].map((message) => JSON.stringify(message.parts))
    expect(said.filter((parts) => parts.includes('by the way'))).toHaveLength(1)
  })
})

test('a session may be compacted and forked anywhere: its turn goes on', async () => {
  await everywhere(async ({ session, turn }) => {
    const compaction = session.compact()
    const fork = await session.fork(attachments())
    expect(await fork.submitTurn('on').result).toMatchObject({ status: 'completed' })
    await compaction
    expect(await turn.result).toMatchObject({ status: 'completed' })
  })
})
