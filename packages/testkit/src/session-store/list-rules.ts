import assert from 'node:assert/strict'
import type { SessionQuery, SessionStore } from '@halter/core'
import type { Rule } from '../rule.ts'
import { HOSTILE_TEXTS, idsOf, listAll } from './checks.ts'
import { forReopened, required, type StoreHarness } from './harness.ts'
import { SAMPLE_TIME, sampleId, sampleSession, sampleSummary, type SampleOptions } from './samples.ts'

/** Finding sessions by what their summaries say. */
export const listRules: readonly Rule<StoreHarness>[] = [
  required('a list is ordered by newest activity and shows the newest summaries', async (store) => {
    const place = await createAll(store, [{ updatedAt: 1000 }, { updatedAt: 3000 }, { updatedAt: 2000 }])
    const [old, newest, middle] = place.ids
    const found = await listAll(store, { workingDir: place.workingDir })
    assert.deepEqual(idsOf(found), [newest, middle, old])
    const summary = sampleSummary(String(old), 1, {
      ...place,
      updatedAt: 4000,
      title: 'awake',
      status: 'closed',
    })
    await store.commit(String(old), { expectedHead: 1, commitId: sampleId(), events: [], summary })
    const again = await listAll(store, { workingDir: place.workingDir })
    assert.deepEqual(idsOf(again), [old, newest, middle])
    assert.deepEqual(again[0], summary)
  }),

  required('pages together hold every session once, also where many are equally new', async (store) => {
    const times = Array.from({ length: 25 }, (_, index) => ({
      updatedAt: SAMPLE_TIME + Math.floor(index / 7),
    }))
    const { workingDir, ids } = await createAll(store, times)
    for (const limit of [1, 4, 24, 25, 26]) {
      const found = await listAll(store, { workingDir, limit })
      assert.deepEqual(idsOf(found).sort(), ids.toSorted())
      const newestFirst = found.toSorted((a, b) => b.updatedAt - a.updatedAt)
      assert.deepEqual(found, newestFirst)
      const { sessions } = await store.list({ workingDir, limit })
      assert.equal(sessions.length, Math.min(limit, 25))
    }
  }),

  required('pages stay stable while other sessions come, change and go', async (store) => {
    const { workingDir, ids } = await createAll(
      store,
      Array.from({ length: 12 }, (_, index) => ({ updatedAt: SAMPLE_TIME + index })),
    )
    const lively = await createAll(store, [{ workingDir, updatedAt: SAMPLE_TIME + 100 }], workingDir)
    let time = SAMPLE_TIME + 1000
    const found = await listAll(store, { workingDir, limit: 3 }, async () => {
      const updatedAt = (time += 1000)
      const [mover] = lively.ids
      const summary = sampleSummary(String(mover), 1, { workingDir, updatedAt })
      await store.commit(String(mover), { expectedHead: 1, commitId: sampleId(), events: [], summary })
      const visitor = sampleSession({ workingDir, updatedAt })
      await store.create(visitor)
      await store.delete(visitor.sessionId)
      await store.create(sampleSession({ workingDir, updatedAt }))
    })
    const seen = idsOf(found)
    assert.deepEqual(seen, [...new Set(seen)], 'a session was listed twice')
    assert.deepEqual(
      seen.filter((id) => ids.includes(String(id))),
      ids.toReversed(),
    )
  }),

  required('a page holds at most 50 sessions unless asked otherwise', async (store) => {
    const { workingDir, ids } = await createAll(
      store,
      Array.from({ length: 53 }, () => ({})),
    )
    const first = await store.list({ workingDir })
    assert.equal(first.sessions.length, 50)
    assert(first.next !== undefined)
    const second = await store.list({ workingDir, cursor: first.next })
    assert.equal(second.sessions.length, 3)
    assert.equal(second.next, undefined)
    assert.equal((await store.list({ workingDir, limit: 60 })).sessions.length, ids.length)
  }),

  required('every filter finds what it says, alone and together', async (store) => {
    const parentId = sampleId()
    const wanted = {
      parentId,
      status: 'closed',
      title: 'Über den Wolken',
      metadata: { team: 'blue', lang: 'de' },
      updatedAt: SAMPLE_TIME + 10,
    } as const
    const { workingDir, ids } = await createAll(store, [
      wanted,
      { ...wanted, parentId: sampleId() },
      { ...wanted, status: 'running' },
      { ...wanted, title: 'under the sea' },
      { ...wanted, metadata: { team: 'blue' } },
      { ...wanted, metadata: { team: 'red', lang: 'de' } },
      { ...wanted, updatedAt: SAMPLE_TIME + 9 },
      { ...wanted, updatedAt: SAMPLE_TIME + 11 },
    ])
    const find = async (query: SessionQuery) =>
      (await listAll(store, { workingDir, ...query }))
        .map(({ sessionId }) => ids.indexOf(String(sessionId)))
        .sort((a, b) => a - b)
    assert.deepEqual(await find({ parentId }), [0, 2, 3, 4, 5, 6, 7])
    assert.deepEqual(await find({ status: 'running' }), [2])
    assert.deepEqual(await find({ title: 'den wol' }), [0, 1, 2, 4, 5, 6, 7])
    assert.deepEqual(await find({ title: 'ÜBER' }), [0, 1, 2, 4, 5, 6, 7])
    assert.deepEqual(await find({ metadata: { team: 'blue' } }), [0, 1, 2, 3, 4, 6, 7])
    assert.deepEqual(await find({ metadata: { team: 'blue', lang: 'de' } }), [0, 1, 2, 3, 6, 7])
    assert.deepEqual(await find({ metadata: {} }), [0, 1, 2, 3, 4, 5, 6, 7])
    assert.deepEqual(await find({ since: SAMPLE_TIME + 11 }), [7])
    assert.deepEqual(await find({ until: SAMPLE_TIME + 9 }), [6])
    assert.deepEqual(await find({ since: SAMPLE_TIME + 9, until: SAMPLE_TIME + 10, status: 'running' }), [2])
    const { updatedAt, ...rest } = wanted
    assert.deepEqual(await find({ ...rest, since: updatedAt, until: updatedAt }), [0])
    assert.deepEqual(await listAll(store, { workingDir: `${workingDir}/elsewhere` }), [])
  }),

  required('a parent of null finds the sessions that have none', async (store) => {
    const { workingDir, ids } = await createAll(store, [{}, { parentId: sampleId() }, {}])
    const found = await listAll(store, { workingDir, parentId: null })
    assert.deepEqual(new Set(idsOf(found)), new Set([ids[0], ids[2]]))
  }),

  required('titles and metadata are never more than data', async (store) => {
    const { workingDir, ids } = await createAll(
      store,
      HOSTILE_TEXTS.map((text) => ({ title: `<${text}>`, metadata: { [text]: text } })),
    )
    for (const [index, text] of HOSTILE_TEXTS.entries()) {
      const byPair = await listAll(store, { workingDir, metadata: { [text]: text } })
      assert.deepEqual(idsOf(byPair), [ids[index]])
      assert.deepEqual(byPair[0]?.metadata, { [text]: text })
      assert.equal(byPair[0]?.title, `<${text}>`)
      const byTitle = await listAll(store, { workingDir, title: `<${text}>` })
      assert.deepEqual(idsOf(byTitle), [ids[index]])
      assert.deepEqual(await listAll(store, { workingDir, metadata: { [text]: `${text}x` } }), [])
    }
    assert.deepEqual(await listAll(store, { workingDir, title: '%' }).then(idsOf), [
      ids[HOSTILE_TEXTS.indexOf('%')],
    ])
  }),

  required('a list without conditions reaches every session', async (store) => {
    const { ids } = await createAll(store, [{}, { parentId: sampleId() }])
    const found = new Set(idsOf(await listAll(store, { limit: 500 })))
    for (const id of ids) assert(found.has(id))
  }),

  forReopened('a list is the same after a reopen', {
    async before(store) {
      const { workingDir } = await createAll(store, [
        { title: 'a' },
        { metadata: { k: 'v' } },
        { parentId: 'p' },
      ])
      return { workingDir, sessions: await listAll(store, { workingDir }) }
    },
    after: async (store, { workingDir, sessions }) =>
      assert.deepEqual(await listAll(store, { workingDir }), sessions),
  }),
]

/** Sessions in a folder that no other has, in this order; `workingDir` finds them. */
async function createAll(
  store: SessionStore,
  options: readonly SampleOptions[],
  workingDir = `/samples/${sampleId()}`,
): Promise<{ workingDir: string; ids: string[] }> {
  const ids: string[] = []
  for (const each of options) {
    const session = sampleSession({ ...each, workingDir })
    await store.create(session)
    ids.push(session.sessionId)
  }
  return { workingDir, ids }
}
