import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { Checkpoint } from '@halter/core'
import type { Rule } from '../rule.ts'
import { assertRefused, HOSTILE_TEXTS } from './checks.ts'
import { forAbility, forReopened, type StoreHarness } from './harness.ts'
import { sampleBatch, sampleSession } from './samples.ts'

const checkpoint: Checkpoint = {
  seq: 2,
  v: 1,
  state: { title: 'half way', hostile: Object.fromEntries(HOSTILE_TEXTS.map((text) => [text, text])) },
  messages: [
    { from: 1, to: 1 },
    { from: 2, to: 2 },
  ],
}

/** Checkpoints: kept, replaced, given back. */
export const checkpointRules: readonly Rule<StoreHarness>[] = [
  forAbility(
    'checkpoints',
    'the newest checkpoint is given back exactly, and kept until the next',
    async (store) => {
      const { sessionId } = sampleSession()
      await store.create(sampleSession({ sessionId }))
      assert.equal((await store.load(sessionId))?.checkpoint, undefined)
      await store.commit(sessionId, { ...sampleBatch(sessionId, 1), checkpoint })
      await store.commit(sessionId, sampleBatch(sessionId, 2))
      assert.deepEqual((await store.load(sessionId))?.checkpoint, checkpoint)
      const later = { ...checkpoint, seq: 4, state: 'short' }
      await store.commit(sessionId, { ...sampleBatch(sessionId, 3), checkpoint: later })
      assert.deepEqual((await store.load(sessionId))?.checkpoint, later)
    },
  ),

  forAbility('checkpoints', 'a refused commit leaves the checkpoint as it was', async (store) => {
    const { sessionId } = sampleSession()
    await store.create(sampleSession({ sessionId }))
    await store.commit(sessionId, { ...sampleBatch(sessionId, 1), checkpoint })
    const stale = { ...sampleBatch(sessionId, 1), checkpoint: { ...checkpoint, state: 'lost' } }
    await assertRefused(store.commit(sessionId, stale), 'ERR_COMMIT_CONFLICT')
    assert.deepEqual((await store.load(sessionId))?.checkpoint, checkpoint)
  }),

  forAbility('checkpoints', 'a session made anew has no checkpoint of the one before', async (store) => {
    const { sessionId } = sampleSession()
    await store.create(sampleSession({ sessionId }))
    await store.commit(sessionId, { ...sampleBatch(sessionId, 1), checkpoint })
    await store.delete(sessionId)
    await store.create(sampleSession({ sessionId }))
    assert.equal((await store.load(sessionId))?.checkpoint, undefined)
  }),

  forReopened('a checkpoint is there after a reopen', {
    ability: 'checkpoints',
    async before(store) {
      const { sessionId } = sampleSession()
      await store.create(sampleSession({ sessionId }))
      await store.commit(sessionId, { ...sampleBatch(sessionId, 1), checkpoint })
      return sessionId
    },
    after: async (store, sessionId) =>
      assert.deepEqual((await store.load(sessionId))?.checkpoint, checkpoint),
  }),
]

/** Blobs: kept once, by their hash. */
export const blobRules: readonly Rule<StoreHarness>[] = [
  forAbility('blobs', 'a blob is found by the sha256 of its text', async (store) => {
    assert(store.blobs)
    for (const text of ['', 'a', 'NUL \u0000 inside', 'ä漢👩‍👩‍👧', 'x'.repeat(1 << 20)]) {
      const hash = createHash('sha256').update(text).digest('hex')
      assert.equal(await store.blobs.put(text), hash)
      assert.equal(await store.blobs.put(text), hash)
      assert.equal(await store.blobs.get(hash), text)
    }
  }),

  forAbility('blobs', 'a hash that no blob has gives undefined', async (store) => {
    assert.equal(await store.blobs?.get('0'.repeat(64)), undefined)
    assert.equal(await store.blobs?.get('__proto__'), undefined)
  }),
]
