import assert from 'node:assert/strict'
import type { SessionStore } from '@halter/core'
import type { SessionId, StoredEvent } from '@halter/protocol'
import type { Rule } from '../rule.ts'
import { assertLog, assertRefused, listAll, replayAll } from './checks.ts'
import { forAbility, forReopened, type StoreHarness } from './harness.ts'
import { sampleBatch, sampleFork, sampleId, sampleSession } from './samples.ts'

/** Forks: a beginning shared with another session, then a life of their own. */
export const forkRules: readonly Rule<StoreHarness>[] = [
  forAbility(
    'fork',
    'a fork replays the beginning of its origin under its own id, then its own',
    async (store) => {
      const origin = await created(store, 5)
      for (let at = 1; at <= 6; at++) {
        const fork = sampleFork(origin.sessionId, at, { texts: ['own'], title: `fork at ${at}` })
        assert.deepEqual(await forked(store, fork), { head: at + 2 })
        await assertLog(store, fork.sessionId, logOf(fork, origin.events))
        assert.deepEqual((await store.load(fork.sessionId))?.summary, fork.summary)
      }
      await assertLog(store, origin.sessionId, origin.events)
    },
  ),

  forAbility('fork', 'a fork and its origin go on without each other', async (store) => {
    const origin = await created(store, 2)
    const fork = sampleFork(origin.sessionId, 2)
    await forked(store, fork)
    const onOrigin = sampleBatch(origin.sessionId, 3, ['origin', 'origin'])
    const onFork = sampleBatch(fork.sessionId, 3, ['fork'])
    await store.commit(origin.sessionId, onOrigin)
    await store.commit(fork.sessionId, onFork)
    await assertLog(store, origin.sessionId, [...origin.events, ...onOrigin.events])
    await assertLog(store, fork.sessionId, [...logOf(fork, origin.events), ...onFork.events])
    await assertRefused(store.commit(fork.sessionId, sampleBatch(fork.sessionId, 3)), 'ERR_COMMIT_CONFLICT')
    assert.deepEqual(await store.commit(fork.sessionId, onFork), { head: 4 })
  }),

  forAbility('fork', 'after and limit count through the seam of a fork', async (store) => {
    const origin = await created(store, 3)
    const fork = sampleFork(origin.sessionId, 3, { texts: ['own', 'own'] })
    await forked(store, fork)
    const log = logOf(fork, origin.events)
    for (let after = 0; after <= 7; after++)
      for (const limit of [1, 2, 3, 10])
        assert.deepEqual(
          await replayAll(store, fork.sessionId, { after, limit }),
          log.slice(after, after + limit),
        )
  }),

  forAbility('fork', 'a fork of a fork replays right wherever it begins', async (store) => {
    const origin = await created(store, 3)
    const fork = sampleFork(origin.sessionId, 3, { texts: ['own', 'own'] })
    await forked(store, fork)
    const log = logOf(fork, origin.events)
    for (let at = 1; at <= log.length; at++) {
      const second = sampleFork(fork.sessionId, at, { texts: ['own'] })
      await forked(store, second)
      await assertLog(store, second.sessionId, logOf(second, log))
    }
  }),

  forAbility('fork', 'a fork stays whole when what it came from is deleted', async (store) => {
    const workingDir = `/samples/${sampleId()}`
    const origin = sampleSession({ workingDir, texts: ['one', 'two', 'three'] })
    await store.create(origin)
    const fork = sampleFork(origin.sessionId, 3, { workingDir, texts: ['own'] })
    await forked(store, fork)
    const second = sampleFork(fork.sessionId, 2, { workingDir })
    await forked(store, second)
    await store.delete(origin.sessionId)
    await store.delete(fork.sessionId)
    assert.equal(await store.load(origin.sessionId), undefined)
    assert.deepEqual(await replayAll(store, origin.sessionId), [])
    assert.deepEqual(await listAll(store, { workingDir }), [second.summary])
    const again = sampleSession({ sessionId: origin.sessionId, texts: ['another'] })
    await store.create(again)
    await assertLog(store, second.sessionId, logOf(second, origin.events))
    await assertLog(store, again.sessionId, again.events)
    await store.commit(second.sessionId, sampleBatch(second.sessionId, 3))
    await store.delete(second.sessionId)
    assert.deepEqual(await replayAll(store, second.sessionId), [])
    await assertLog(store, again.sessionId, again.events)
  }),

  forAbility('fork', 'a fork that cannot be is refused and leaves nothing', async (store) => {
    const origin = await created(store, 1)
    const unknown = sampleFork(sampleId(), 1)
    await assertRefused(forked(store, unknown), 'ERR_SESSION_UNKNOWN')
    const early = sampleFork(origin.sessionId, 3)
    await assert.rejects(forked(store, early))
    const gap = { ...sampleFork(origin.sessionId, 2), at: 1 }
    await assert.rejects(forked(store, gap))
    for (const { sessionId } of [unknown, early, gap]) assert.equal(await store.load(sessionId), undefined)
    const taken = sampleFork(origin.sessionId, 1, { sessionId: (await created(store, 0)).sessionId })
    await assertRefused(forked(store, taken), 'ERR_SESSION_EXISTS')
  }),

  forAbility('fork', 'forking again under the same commit id is the same success', async (store) => {
    const origin = await created(store, 1)
    const fork = sampleFork(origin.sessionId, 2)
    await forked(store, fork)
    assert.deepEqual(await forked(store, fork), { head: 3 })
    await assertLog(store, fork.sessionId, logOf(fork, origin.events))
  }),

  forReopened('forks of living and deleted sessions are whole after a reopen', {
    ability: 'fork',
    async before(store) {
      const origin = await created(store, 2)
      const deleted = await created(store, 4)
      const forks = [sampleFork(origin.sessionId, 2), sampleFork(deleted.sessionId, 4, { texts: ['own'] })]
      for (const fork of forks) await forked(store, fork)
      await store.delete(deleted.sessionId)
      return forks.map((fork, index) => ({ fork, events: [origin, deleted][index]?.events ?? [] }))
    },
    async after(store, forks) {
      for (const { fork, events } of forks) await assertLog(store, fork.sessionId, logOf(fork, events))
    },
  }),
]

type Fork = ReturnType<typeof sampleFork>

async function created(store: SessionStore, messages: number) {
  const session = sampleSession({ texts: Array.from({ length: messages }, (_, n) => `text ${n}`) })
  await store.create(session)
  return session
}

async function forked(store: SessionStore, fork: Fork) {
  assert(store.fork)
  return await store.fork(fork)
}

/** What a fork must replay: the beginning under its own id, then its own events. */
export function logOf(fork: Fork, origin: readonly StoredEvent[]): StoredEvent[] {
  const own = (event: StoredEvent, sessionId: SessionId): StoredEvent => ({ ...event, sessionId })
  return [...origin.slice(0, fork.at).map((event) => own(event, fork.sessionId)), ...fork.events]
}
