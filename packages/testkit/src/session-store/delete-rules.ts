import assert from 'node:assert/strict'
import type { Rule } from '../rule.ts'
import { assertLog, assertRefused, listAll, replayAll } from './checks.ts'
import { forReopened, required, type StoreHarness } from './harness.ts'
import { sampleBatch, sampleId, sampleSession } from './samples.ts'

/** Removing sessions. */
export const deleteRules: readonly Rule<StoreHarness>[] = [
  required('a deleted session is gone and the others stay', async (store) => {
    const workingDir = `/samples/${sampleId()}`
    const gone = sampleSession({ workingDir, texts: ['gone'], metadata: { a: 'b' } })
    const stays = sampleSession({ workingDir, texts: ['stays'], metadata: { a: 'b' } })
    await store.create(gone)
    await store.create(stays)
    await store.delete(gone.sessionId)
    assert.equal(await store.load(gone.sessionId), undefined)
    assert.deepEqual(await replayAll(store, gone.sessionId), [])
    assert.deepEqual(await listAll(store, { workingDir }), [stays.summary])
    assert.deepEqual(await listAll(store, { workingDir, metadata: { a: 'b' } }), [stays.summary])
    await assertRefused(store.commit(gone.sessionId, sampleBatch(gone.sessionId, 2)), 'ERR_SESSION_UNKNOWN')
    await assertLog(store, stays.sessionId, stays.events)
  }),

  required('deleting what nobody has is nothing to do', async (store) => {
    await store.delete(sampleId())
    await store.delete(sampleId(), { cascade: true })
  }),

  required('the id of a deleted session can be used again and shows nothing of before', async (store) => {
    const first = sampleSession({ texts: ['old', 'old', 'old'], metadata: { old: 'yes' } })
    const { sessionId } = first
    await store.create(first)
    await store.commit(sessionId, sampleBatch(sessionId, 4, ['old']))
    await store.delete(sessionId)
    const second = sampleSession({ sessionId, texts: ['new'], metadata: { old: 'no' } })
    assert.deepEqual(await store.create(second), { head: 2 })
    const batch = sampleBatch(sessionId, 2, ['new'])
    await store.commit(sessionId, batch)
    await assertLog(store, sessionId, [...second.events, ...batch.events])
    assert.deepEqual((await store.load(sessionId))?.summary, second.summary)
  }),

  required('children stay without cascade and go, with theirs, with it', async (store) => {
    for (const cascade of [false, true]) {
      const parent = sampleSession()
      const children = [1, 2].map(() => sampleSession({ parentId: parent.sessionId, texts: ['child'] }))
      const [first] = children
      assert(first)
      const grandchild = sampleSession({ parentId: first.sessionId })
      const stranger = sampleSession({ parentId: sampleId() })
      for (const each of [parent, ...children, grandchild, stranger]) await store.create(each)
      await store.delete(parent.sessionId, { cascade })
      assert.equal(await store.load(parent.sessionId), undefined)
      for (const { sessionId, events } of [...children, grandchild]) {
        assert.equal((await store.load(sessionId)) === undefined, cascade)
        assert.deepEqual(await replayAll(store, sessionId), cascade ? [] : events)
      }
      await assertLog(store, stranger.sessionId, stranger.events)
    }
  }),

  required('a cascade ends where sessions are each other’s parents', async (store) => {
    const [one, two] = [sampleId(), sampleId()]
    await store.create(sampleSession({ sessionId: one, parentId: two }))
    await store.create(sampleSession({ sessionId: two, parentId: one }))
    await store.delete(one, { cascade: true })
    assert.equal(await store.load(one), undefined)
    assert.equal(await store.load(two), undefined)
  }),

  forReopened('what was deleted stays gone after a reopen', {
    async before(store) {
      const { sessionId } = sampleSession()
      await store.create(sampleSession({ sessionId }))
      await store.delete(sessionId)
      return sessionId
    },
    after: async (store, sessionId) => assert.equal(await store.load(sessionId), undefined),
  }),
]
