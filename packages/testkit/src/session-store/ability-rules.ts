import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { Checkpoint } from '@halter/protocol'
import type { Rule } from '../rule.ts'
import { assertRefused, HOSTILE_TEXTS } from './checks.ts'
import { forAbility, forReopened, type StoreHarness } from './harness.ts'
import { sampleBatch, sampleEvents, sampleId, sampleSession } from './samples.ts'

const checkpoint: Checkpoint = {
  seq: 2,
  v: 1,
  state: { title: 'half way', hostile: Object.fromEntries(HOSTILE_TEXTS.map((text) => [text, text])) },
  messages: [
    { from: 1, to: 1 },
    { from: 2, to: 2 },
  ],
  messageCount: 2,
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

  forAbility(
    'blobs',
    'a blob comes back exactly, also where UTF-8 cannot tell texts apart',
    async (store) => {
      assert(store.blobs)
      const hashes = new Map<string, string>()
      for (const text of HOSTILE_TEXTS) hashes.set(await store.blobs.put(text), text)
      assert.equal(hashes.size, HOSTILE_TEXTS.length)
      for (const [hash, text] of hashes) assert.equal(await store.blobs.get(hash), text)
    },
  ),

  forAbility(
    'blobs',
    'a blob that a living session names stays when another session that names it goes',
    async (store) => {
      assert(store.blobs)
      const [stays, goes] = [sampleSession(), sampleSession()]
      const content = `large ${stays.sessionId}`
      const hash = await store.blobs.put(content)
      for (const { sessionId, ...session } of [stays, goes]) {
        await store.create({ sessionId, ...session })
        const [event] = sampleEvents(sessionId, 1, ['small'])
        assert(event?.type === 'message.appended' && event.message.role === 'user')
        const part = { kind: 'blob', sha256: hash, bytes: content.length, of: { kind: 'text' } } as const
        const named = { ...event, message: { ...event.message, parts: [part] } }
        await store.commit(sessionId, { expectedHead: 1, commitId: sampleId(), events: [named] })
      }
      await store.delete(goes.sessionId)
      assert.equal(await store.blobs.get(hash), content)
    },
  ),

  forAbility('blobs', 'a hash that no blob has gives undefined', async (store) => {
    assert.equal(await store.blobs?.get('0'.repeat(64)), undefined)
    assert.equal(await store.blobs?.get('__proto__'), undefined)
  }),
]
