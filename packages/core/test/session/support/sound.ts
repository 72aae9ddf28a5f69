import type { SessionRuntime } from '@halter/core'
import type { TestRuntime } from '@halter/core/testing'
import { fold, type SessionId, type StoredEvent } from '@halter/protocol'
import { expect } from 'vitest'
// The rules are data and pure functions; taken as a file, since core's tests depend on no package above core.
import { checkTranscript } from '../../../../testkit/src/transcript-rules.ts'
import { snapshot } from '../../../../protocol/test/support/snapshot.ts'
import type { Runtime } from '../../../src/session/runtime.ts'
import type { Session } from '../../../src/session/session.ts'

/** The open session behind a handle: for what no handle shows. */
export function liveSession(runtime: SessionRuntime, id: SessionId): Session | undefined {
  return (runtime as Runtime).live(id)
}

/** Every stored event of a session. */
export async function logOf(runtime: Pick<SessionRuntime, 'replay'>, id: SessionId): Promise<StoredEvent[]> {
  return Array.fromAsync(runtime.replay(id))
}

/** The log folds to exactly what the live session says. */
export async function expectFoldEqualsState(runtime: SessionRuntime, id: SessionId): Promise<void> {
  const session = liveSession(runtime, id)
  if (!session) return
  await session.log.drain()
  const state = snapshot(session.state)
  const log = await Array.fromAsync(runtime.replay(id, { limit: state.head }))
  const { reducers } = (runtime as Runtime).kernel.current
  expect(state).toEqual(snapshot(fold(log, reducers)))
}

/** The log has no gap, every turn that is over has one terminal event, every call one answer; and model APIs take what it says. */
export async function expectSoundLog(runtime: SessionRuntime, id: SessionId): Promise<void> {
  const log = await logOf(runtime, id)
  expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1))
  expect((await runtime.verify(id)).problems).toEqual([])
  expectOneTerminalEach(log)
  const state = fold(log)
  if (!state.turn) expect(checkTranscript(state.transcript)).toEqual([])
}

/** Exactly one terminal event for each started turn; the newest may still run. */
export function expectOneTerminalEach(log: readonly StoredEvent[]): void {
  const started = log.filter((event) => event.type === 'turn.started').map(({ turnId }) => turnId)
  const ended = log
    .filter((event) => event.type === 'turn.completed' || event.type === 'turn.failed')
    .map(({ turnId }) => turnId)
  const isRunning = fold(log).turn !== undefined
  expect(ended).toEqual(isRunning ? started.slice(0, -1) : started)
}

/** All of the above, for every session of a runtime. */
export async function expectSoundSessions({ runtime, store }: TestRuntime): Promise<void> {
  const { sessions } = await store.list({ limit: 1000 })
  for (const { sessionId } of sessions) {
    const log = await logOf(runtime, sessionId)
    if (fold(log).readOnly) continue
    await expectFoldEqualsState(runtime, sessionId)
    await expectSoundLog(runtime, sessionId)
  }
}
