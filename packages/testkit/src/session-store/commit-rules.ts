import assert from 'node:assert/strict'
import type { Rule } from '../rule.ts'
import { assertCode, assertLog, assertRefused, HOSTILE_TEXTS, replayAll } from './checks.ts'
import { forReopened, forTwoInstances, required, type StoreHarness } from './harness.ts'
import { sampleBatch, sampleEvents, sampleId, sampleSession, sampleSummary } from './samples.ts'

/** Creating, loading, and appending: whole, in order, once. */
export const commitRules: readonly Rule<StoreHarness>[] = [
  required('a created session loads with its summary and head', async (store) => {
    const session = sampleSession({ texts: ['one', 'two'], title: 'mine', metadata: { a: '1' } })
    assert.deepEqual(await store.create(session), { head: 3 })
    const loaded = await store.load(session.sessionId)
    assert.deepEqual(loaded?.summary, session.summary)
    await assertLog(store, session.sessionId, session.events)
  }),

  required('a taken id is refused and its session stays as it was', async (store) => {
    const session = sampleSession({ texts: ['first'] })
    await store.create(session)
    const second = sampleSession({
      sessionId: session.sessionId,
      texts: ['second', 'second'],
      title: 'second',
    })
    await assertRefused(store.create(second), 'ERR_SESSION_EXISTS')
    assert.deepEqual((await store.load(session.sessionId))?.summary, session.summary)
    await assertLog(store, session.sessionId, session.events)
  }),

  required('creating again under the same commit id is the same success', async (store) => {
    const session = sampleSession({ texts: ['first'] })
    await store.create(session)
    assert.deepEqual(await store.create(session), { head: 2 })
    await assertLog(store, session.sessionId, session.events)
  }),

  required('a new session that does not begin at seq 1 is refused', async (store) => {
    const session = sampleSession()
    const late = { ...session, events: sampleEvents(session.sessionId, 1, ['too late']) }
    await assert.rejects(store.create(late))
    assert.equal(await store.load(session.sessionId), undefined)
  }),

  required('an id is never more than data', async (store) => {
    const prefix = sampleId()
    const sessions = HOSTILE_TEXTS.map((text) => sampleSession({ sessionId: prefix + text, texts: [text] }))
    for (const session of sessions) await store.create(session)
    for (const { sessionId, events, summary } of sessions) {
      await store.commit(sessionId, sampleBatch(sessionId, 2, ['more']))
      const log = await replayAll(store, sessionId)
      assert.deepEqual(log.slice(0, 2), events)
      assert.equal(log.length, 3)
      assert.deepEqual((await store.load(sessionId))?.summary, summary)
    }
  }),

  required('an id that nobody has loads as undefined', async (store) => {
    for (const id of [sampleId(), '__proto__', 'constructor', `' OR 1=1 --`])
      assert.equal(await store.load(id), undefined)
  }),

  required('a commit appends its events after the expected head', async (store) => {
    const { sessionId, events } = await created(store, ['one'])
    const batch = sampleBatch(sessionId, 2, ['two', 'three'])
    assert.deepEqual(await store.commit(sessionId, batch), { head: 4 })
    await assertLog(store, sessionId, [...events, ...batch.events])
  }),

  required('a stale head is refused, names both heads, and leaves nothing', async (store) => {
    const { sessionId, events } = await created(store, ['one', 'two'])
    const stale = {
      ...sampleBatch(sessionId, 1, ['lost', 'lost']),
      summary: sampleSummary(sessionId, 3, { title: 'lost' }),
    }
    const error = await assertRefused(store.commit(sessionId, stale), 'ERR_COMMIT_CONFLICT')
    assert.deepEqual(error.data, { expectedHead: 1, actualHead: 3 })
    assert.equal((await store.load(sessionId))?.summary.title, 'a sample')
    await assertLog(store, sessionId, events)
  }),

  required('a head that the log has not reached is refused like a stale one', async (store) => {
    const { sessionId, events } = await created(store)
    const error = await assertRefused(
      store.commit(sessionId, sampleBatch(sessionId, 4)),
      'ERR_COMMIT_CONFLICT',
    )
    assert.deepEqual(error.data, { expectedHead: 4, actualHead: 1 })
    await assertLog(store, sessionId, events)
  }),

  required('a commit to a session that nobody created is refused', async (store) => {
    const id = sampleId()
    await assertRefused(store.commit(id, sampleBatch(id, 0)), 'ERR_SESSION_UNKNOWN')
    assert.equal(await store.load(id), undefined)
  }),

  required('a batch with a gap is refused and leaves nothing', async (store) => {
    const { sessionId, events } = await created(store)
    const [one, two, three] = sampleEvents(sessionId, 1, ['one', 'two', 'three'])
    assert(one && two && three)
    const batch = { expectedHead: 1, commitId: sampleId() }
    for (const events of [[one, three], [two], [one, one]])
      await assertRefused(store.commit(sessionId, { ...batch, events }), 'ERR_COMMIT_INVALID')
    await assertLog(store, sessionId, events)
  }),

  required('an empty commit leaves the head where it is', async (store) => {
    const { sessionId, events } = await created(store, ['one'])
    const empty = { expectedHead: 2, commitId: sampleId(), events: [] }
    const summary = sampleSummary(sessionId, 2, { title: 'renamed' })
    assert.deepEqual(await store.commit(sessionId, { ...empty, summary }), { head: 2 })
    assert.equal((await store.load(sessionId))?.summary.title, 'renamed')
    await assertRefused(
      store.commit(sessionId, { ...empty, expectedHead: 1, commitId: sampleId() }),
      'ERR_COMMIT_CONFLICT',
    )
    await assertLog(store, sessionId, events)
  }),

  required('the newest commit id again is answered the same and appends nothing', async (store) => {
    const { sessionId, events } = await created(store)
    const batch = sampleBatch(sessionId, 1, ['one', 'two'])
    const first = await store.commit(sessionId, batch)
    assert.deepEqual(await store.commit(sessionId, batch), first)
    assert.deepEqual(await store.commit(sessionId, batch), first)
    await assertLog(store, sessionId, [...events, ...batch.events])

    const empty = { expectedHead: 3, commitId: sampleId(), events: [] }
    assert.deepEqual(await store.commit(sessionId, empty), { head: 3 })
    assert.deepEqual(await store.commit(sessionId, { ...empty, expectedHead: 1 }), { head: 3 })
    const later = sampleBatch(sessionId, 3, ['three'])
    await store.commit(sessionId, later)
    await assertRefused(store.commit(sessionId, batch), 'ERR_COMMIT_CONFLICT')
    await assertLog(store, sessionId, [...events, ...batch.events, ...later.events])
  }),

  required('two tries of one commit that are under way at once append it once', async (store) => {
    const { sessionId, events } = await created(store)
    const batch = sampleBatch(sessionId, 1, ['once'])
    const results = await Promise.all([store.commit(sessionId, batch), store.commit(sessionId, batch)])
    assert.deepEqual(results, [{ head: 2 }, { head: 2 }])
    await assertLog(store, sessionId, [...events, ...batch.events])
  }),

  required('a summary replaces the one before, and stays when none is given', async (store) => {
    const { sessionId } = await created(store)
    const summary = sampleSummary(sessionId, 2, { title: 'renamed', metadata: { b: '2' }, status: 'running' })
    await store.commit(sessionId, { ...sampleBatch(sessionId, 1), summary })
    await store.commit(sessionId, sampleBatch(sessionId, 2))
    assert.deepEqual((await store.load(sessionId))?.summary, summary)
  }),

  required('many commits of many sizes leave a log without a gap', async (store) => {
    const { sessionId, events } = await created(store)
    const log = [...events]
    for (let size = 0; log.length < 400; size = (size + 3) % 11) {
      const texts = Array.from({ length: size }, (_, index) => `${log.length}.${index}`)
      const batch = sampleBatch(sessionId, log.length, texts)
      log.push(...batch.events)
      assert.deepEqual(await store.commit(sessionId, batch), { head: log.length })
    }
    await assertLog(store, sessionId, log)
  }),

  required('of two writers at the same head one wins', async (store) => {
    const { sessionId } = await created(store)
    for (let head = 1; head <= 20; head++) await raceAt(head, sessionId, store, store)
  }),

  forTwoInstances('of two instances that write at the same head one wins', async (one, other) => {
    const { sessionId } = await created(one)
    for (let head = 1; head <= 20; head++) await raceAt(head, sessionId, one, other)
    assert.deepEqual(await replayAll(one, sessionId), await replayAll(other, sessionId))
  }),

  required('a refused commit fails nobody that waited beside it', async (store) => {
    const good = await created(store)
    const bad = await created(store)
    const unknown = sampleId()
    const batch = sampleBatch(good.sessionId, 1, ['kept'])
    const next = sampleBatch(good.sessionId, 2, ['kept too'])
    const results = await Promise.allSettled([
      store.commit(bad.sessionId, sampleBatch(bad.sessionId, 7)),
      store.commit(good.sessionId, batch),
      store.commit(unknown, sampleBatch(unknown, 0)),
      store.commit(good.sessionId, next),
    ])
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'fulfilled', 'rejected', 'fulfilled'],
    )
    await assertLog(store, good.sessionId, [...good.events, ...batch.events, ...next.events])
    await assertLog(store, bad.sessionId, bad.events)
  }),

  required('sessions that commit at once do not interfere', async (store) => {
    await Promise.all(
      Array.from({ length: 20 }, async (_, number) => {
        const { sessionId, events } = await created(store)
        const log = [...events]
        for (let round = 0; round < 10; round++) {
          const batch = sampleBatch(sessionId, log.length, [`${number} in round ${round}`, 'and more'])
          log.push(...batch.events)
          await store.commit(sessionId, batch)
        }
        await assertLog(store, sessionId, log)
      }),
    )
  }),

  required('a batch that its caller changes later stays as it was committed', async (store) => {
    const { sessionId, events } = await created(store)
    const own = sampleEvents(sessionId, 1, ['one', 'two'])
    const commit = store.commit(sessionId, { expectedHead: 1, commitId: sampleId(), events: own })
    const committed = own.splice(0)
    await commit
    own.push(...sampleEvents(sessionId, 1, ['never committed']))
    await assertLog(store, sessionId, [...events, ...committed])
  }),

  required('text comes back exactly, whatever it holds', async (store) => {
    const texts = [
      ...HOSTILE_TEXTS,
      '',
      'a\u0000'.repeat(1000),
      '\ud83d',
      '\ude00\ud83d',
      'é'.repeat(1 << 19),
    ]
    const { sessionId, events } = await created(store, texts)
    await assertLog(store, sessionId, events)
  }),

  required('JSON comes back exactly, whatever its keys and numbers', async (store) => {
    const { sessionId, events } = await created(store)
    const data = JSON.parse(
      '{"__proto__":{"polluted":true},"constructor":1,"":[],"n":[0.1,1e21,5e-324,9007199254740993],"deep":{"a":{"b":[null,true]}}}',
    ) as { readonly [key: string]: never }
    const noted = {
      sessionId,
      seq: 2,
      at: 1,
      type: 'plugin.noted',
      v: 1,
      plugin: 'p',
      name: 'n',
      data,
    } as const
    await store.commit(sessionId, { expectedHead: 1, commitId: sampleId(), events: [noted] })
    await assertLog(store, sessionId, [...events, noted])
    assert.equal(({} as { polluted?: boolean }).polluted, undefined)
  }),

  forReopened('what was acknowledged is there after a reopen', {
    async before(store) {
      const session = await created(store, HOSTILE_TEXTS)
      const batch = {
        ...sampleBatch(session.sessionId, session.events.length, ['one', 'two']),
        summary: sampleSummary(session.sessionId, session.events.length + 2, { title: 'later' }),
      }
      await store.commit(session.sessionId, batch)
      return { session, batch }
    },
    async after(store, { session, batch }) {
      await assertLog(store, session.sessionId, [...session.events, ...batch.events])
      assert.deepEqual((await store.load(session.sessionId))?.summary, batch.summary)
    },
  }),

  forReopened('the newest commit id is known after a reopen', {
    async before(store) {
      const fresh = await created(store)
      const grown = await created(store)
      const batch = sampleBatch(grown.sessionId, 1, ['one', 'two'])
      await store.commit(grown.sessionId, batch)
      const touched = await created(store)
      await store.commit(touched.sessionId, sampleBatch(touched.sessionId, 1))
      const empty = { expectedHead: 2, commitId: sampleId(), events: [] }
      await store.commit(touched.sessionId, empty)
      return { fresh, grown, batch, touched, empty }
    },
    async after(store, { fresh, grown, batch, touched, empty }) {
      assert.deepEqual(await store.create(fresh), { head: 1 })
      assert.deepEqual(await store.commit(grown.sessionId, batch), { head: 3 })
      await assertLog(store, grown.sessionId, [...grown.events, ...batch.events])
      assert.deepEqual(await store.commit(touched.sessionId, { ...empty, expectedHead: 0 }), { head: 2 })
    },
  }),
]

async function created(store: Parameters<typeof assertLog>[0], texts: readonly string[] = []) {
  const session = sampleSession({ texts })
  await store.create(session)
  return session
}

async function raceAt(
  head: number,
  sessionId: string,
  one: Parameters<typeof assertLog>[0],
  other: Parameters<typeof assertLog>[0],
): Promise<void> {
  const batches = [
    sampleBatch(sessionId, head, ['from one']),
    sampleBatch(sessionId, head, ['from the other']),
  ] as const
  const [first, second] = await Promise.allSettled([
    one.commit(sessionId, batches[0]),
    other.commit(sessionId, batches[1]),
  ])
  const lost = [first, second].filter((each) => each.status === 'rejected')
  assert.equal(lost.length, 1, `${2 - lost.length} of two writers won at head ${head}`)
  const error = assertCode(lost[0]?.reason, 'ERR_COMMIT_CONFLICT')
  assert.deepEqual(error.data, { expectedHead: head, actualHead: head + 1 })
  const [winner] = first.status === 'fulfilled' ? batches[0].events : batches[1].events
  assert.deepEqual(await replayAll(other, sessionId, { after: head }), [winner])
}
