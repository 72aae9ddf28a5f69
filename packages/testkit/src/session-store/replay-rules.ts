import assert from 'node:assert/strict'
import type { StoredEvent } from '@halter/protocol'
import type { Rule } from '../rule.ts'
import { replayAll } from './checks.ts'
import { required, type StoreHarness } from './harness.ts'
import { sampleBatch, sampleId, sampleSession } from './samples.ts'

/** Reading a log back. */
export const replayRules: readonly Rule<StoreHarness>[] = [
  required('replay gives what comes after a seq, up to a limit, in order', async (store) => {
    const { sessionId, events } = sampleSession({ texts: Array.from({ length: 11 }, (_, n) => `text ${n}`) })
    await store.create({ ...sampleSession({ sessionId }), events })
    assert.deepEqual(await replayAll(store, sessionId), events)
    for (let after = 0; after <= 13; after++) {
      assert.deepEqual(await replayAll(store, sessionId, { after }), events.slice(after))
      for (const limit of [0, 1, 5, 12, 100])
        assert.deepEqual(
          await replayAll(store, sessionId, { after, limit }),
          events.slice(after, after + limit),
        )
    }
    assert.deepEqual(await replayAll(store, sessionId, { limit: 3 }), events.slice(0, 3))
  }),

  required('an id that nobody has replays as nothing', async (store) => {
    for (const id of [sampleId(), '__proto__', `' OR '1'='1`]) {
      assert.deepEqual(await replayAll(store, id), [])
      assert.deepEqual(await replayAll(store, id, { after: 3, limit: 2 }), [])
    }
  }),

  required('a log of thousands of events replays whole', async (store) => {
    const texts = Array.from({ length: 3000 }, (_, n) => `text ${n} ${'.'.repeat(n % 300)}`)
    const session = sampleSession({ texts })
    await store.create(session)
    const read = await replayAll(store, session.sessionId)
    assert.equal(read.length, session.events.length)
    assert.deepEqual(read, session.events)
    assert.deepEqual(await replayAll(store, session.sessionId, { after: 2990 }), session.events.slice(2990))
    const some = await replayAll(store, session.sessionId, { after: 7, limit: 2000 })
    assert.deepEqual(some, session.events.slice(7, 2007))
  }),

  required('a replay that is left early, and a second one beside it, disturb nothing', async (store) => {
    const session = sampleSession({ texts: Array.from({ length: 600 }, (_, n) => `text ${n}`) })
    await store.create(session)
    const left: StoredEvent[] = []
    for await (const event of store.replay(session.sessionId)) {
      left.push(event)
      if (left.length === 3) break
    }
    assert.deepEqual(left, session.events.slice(0, 3))
    const batch = sampleBatch(session.sessionId, session.events.length)
    await store.commit(session.sessionId, batch)
    const logs = await Promise.all([
      replayAll(store, session.sessionId),
      replayAll(store, session.sessionId, { after: 300 }),
    ])
    const whole = [...session.events, ...batch.events]
    assert.deepEqual(logs, [whole, whole.slice(300)])
  }),

  required('a replay during commits gives a beginning of the log without a gap', async (store) => {
    const session = sampleSession({ texts: Array.from({ length: 500 }, (_, n) => `text ${n}`) })
    const { sessionId } = session
    await store.create(session)
    const log = [...session.events]
    const seen: StoredEvent[] = []
    let writing: Promise<unknown> = Promise.resolve()
    for await (const event of store.replay(sessionId)) {
      seen.push(event)
      if (seen.length % 100 !== 0 || log.length > 520) continue
      const batch = sampleBatch(sessionId, log.length, ['meanwhile', 'and more'])
      log.push(...batch.events)
      writing = writing.then(() => store.commit(sessionId, batch))
    }
    await writing
    assert(seen.length >= session.events.length)
    assert.deepEqual(seen, log.slice(0, seen.length))
    assert.deepEqual(await replayAll(store, sessionId), log)
  }),
]
