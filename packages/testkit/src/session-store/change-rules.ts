import assert from 'node:assert/strict'
import type { SessionStore } from '@halter/core'
import type { StoredEvent } from '@halter/protocol'
import type { Rule } from '../rule.ts'
import { changesAfter } from './checks.ts'
import { forAbility, forReopened, type StoreHarness } from './harness.ts'
import { sampleBatch, sampleFork, sampleId, sampleSession } from './samples.ts'

/** The store-wide order of commits. */
export const changeRules: readonly Rule<StoreHarness>[] = [
  forAbility(
    'changes',
    'every committed event of every session comes once, in order of commit',
    async (store) => {
      const start = await now(store)
      const [one, two] = [sampleSession({ texts: ['a', 'b'] }), sampleSession()]
      await store.create(one)
      await store.create(two)
      const batches = [
        sampleBatch(one.sessionId, 3, ['c']),
        sampleBatch(two.sessionId, 1, ['d', 'e']),
        sampleBatch(one.sessionId, 4),
      ]
      for (const batch of batches) await store.commit(String(batch.events[0]?.sessionId), batch)
      const expected = [...one.events, ...two.events, ...batches.flatMap(({ events }) => events)]
      for (const limit of [1, 2, 3, 100])
        assert.deepEqual((await changesAfter(store, start, limit)).events, expected)
    },
  ),

  forAbility('changes', 'a reader at the newest position gets only what comes', async (store) => {
    const session = sampleSession()
    await store.create(session)
    const position = await now(store)
    assert.deepEqual((await changesAfter(store, position)).events, [])
    const still = await changesAfter(store, position)
    const batch = sampleBatch(session.sessionId, 1)
    await store.commit(session.sessionId, batch)
    assert.deepEqual((await changesAfter(store, position)).events, batch.events)
    assert.deepEqual((await changesAfter(store, still.position)).events, batch.events)
    assert.notEqual(await now(store), position)
  }),

  forAbility('changes', 'without a position changes begin at the beginning', async (store) => {
    const session = sampleSession()
    await store.create(session)
    const { events } = await changesAfter(store, undefined, 1000)
    assert.deepEqual(
      events.filter(({ sessionId }) => sessionId === session.sessionId),
      session.events,
    )
  }),

  forAbility('changes', 'a refused commit is no change', async (store) => {
    const session = sampleSession()
    await store.create(session)
    const position = await now(store)
    await assert.rejects(store.commit(session.sessionId, sampleBatch(session.sessionId, 9)))
    await assert.rejects(store.create({ ...session, commitId: sampleId() }))
    assert.deepEqual((await changesAfter(store, position)).events, [])
  }),

  forAbility(
    'changes',
    'a reader that pages while writers write misses nothing and doubles nothing',
    async (store) => {
      const start = await now(store)
      const sessions = Array.from({ length: 8 }, () => sampleSession())
      const writers = sessions.map(async (session, number) => {
        await store.create(session)
        const log: StoredEvent[] = [...session.events]
        for (let round = 0; round < 15; round++) {
          const batch = sampleBatch(
            session.sessionId,
            log.length,
            Array.from({ length: 1 + (round % 3) }, () => `${number}`),
          )
          await store.commit(session.sessionId, batch)
          log.push(...batch.events)
        }
        return log
      })
      const written = { isDone: false, logs: Promise.all(writers) }
      void written.logs.finally(() => (written.isDone = true)).catch(() => {})
      const seen: StoredEvent[] = []
      for (let position = start; ;) {
        const { isDone } = written
        const page = await changesAfter(store, position, 7)
        seen.push(...page.events)
        position = page.position
        if (isDone) break
        await new Promise((resolve) => setImmediate(resolve))
      }
      const logs = await written.logs
      assert.equal(seen.length, logs.flat().length)
      for (const [index, { sessionId }] of sessions.entries())
        assert.deepEqual(
          seen.filter((event) => event.sessionId === sessionId),
          logs[index],
        )
    },
  ),

  forAbility(
    'changes',
    'positions never come again, also when the newest session is deleted',
    async (store) => {
      const stays = sampleSession()
      const goes = sampleSession({ texts: ['gone', 'gone'] })
      await store.create(stays)
      const before = await now(store)
      await store.create(goes)
      const position = await now(store)
      await store.delete(goes.sessionId)
      assert.deepEqual((await changesAfter(store, before)).events, [])
      const batch = sampleBatch(stays.sessionId, 1, ['new'])
      await store.commit(stays.sessionId, batch)
      assert.deepEqual((await changesAfter(store, position)).events, batch.events)
    },
  ),

  forAbility(['changes', 'fork'], 'a fork changes the store by its own events only', async (store) => {
    assert(store.fork)
    const origin = sampleSession({ texts: ['one', 'two'] })
    await store.create(origin)
    const position = await now(store)
    const fork = sampleFork(origin.sessionId, 2, { texts: ['own'] })
    await store.fork(fork)
    assert.deepEqual((await changesAfter(store, position)).events, fork.events)
    await store.delete(origin.sessionId)
    assert.deepEqual((await changesAfter(store, position)).events, fork.events)
  }),

  forReopened('a position means the same after a reopen', {
    ability: 'changes',
    async before(store) {
      const session = sampleSession()
      await store.create(session)
      const position = await now(store)
      const batch = sampleBatch(session.sessionId, 1, ['one', 'two'])
      await store.commit(session.sessionId, batch)
      return { position, batch }
    },
    after: async (store, { position, batch }) =>
      assert.deepEqual((await changesAfter(store, position)).events, batch.events),
  }),
]

async function now(store: SessionStore): Promise<string> {
  assert(store.position)
  return await store.position()
}
