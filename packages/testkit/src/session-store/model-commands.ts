import assert from 'node:assert/strict'
import type * as FastCheck from 'fast-check'
import type { CommitBatch, SessionStore } from '@halter/core'
import type { SessionId, SessionSummary, StoredEvent } from '@halter/protocol'
import { assertLog, assertRefused, idsOf, listAll, replayAll } from './checks.ts'
import { logOf } from './fork-rules.ts'
import type { OpenStore, StoreHarness } from './harness.ts'
import { sampleBatch, sampleFork, sampleId, sampleSession, sampleSummary } from './samples.ts'

/** The store of one run; `current` changes when a command reopens it. */
export interface StoreUnderTest {
  readonly harness: StoreHarness
  current: OpenStore
}

interface ModelSession {
  log: StoredEvent[]
  summary: SessionSummary
  /** The newest commit, to be tried again. */
  batch?: CommitBatch
}

/** What must be true of the store: the same sessions, as plain arrays. */
export class ModelSessions {
  /** Finds the sessions of this run among all others. */
  readonly workingDir = `/models/${sampleId()}`
  readonly #sessions = new Map<SessionId, ModelSession>()
  #time = 0

  get size(): number {
    return this.#sessions.size
  }

  ids(): SessionId[] {
    return [...this.#sessions.keys()]
  }

  /** The session that a random number means; there must be one. */
  pick(number: number): [SessionId, ModelSession] {
    const entry = [...this.#sessions][number % this.#sessions.size]
    assert(entry)
    return entry
  }

  /** Options of a sample whose `updatedAt` no other has, so that the order of a list is known. */
  sampleOptions(title: string): { workingDir: string; title: string; updatedAt: number } {
    return { workingDir: this.workingDir, title, updatedAt: (this.#time += 1) }
  }

  set(id: SessionId, session: ModelSession): void {
    this.#sessions.set(id, session)
  }

  delete(id: SessionId): void {
    this.#sessions.delete(id)
  }

  /** Newest first. */
  summaries(title: string): SessionSummary[] {
    return [...this.#sessions.values()]
      .map(({ summary }) => summary)
      .filter((summary) => summary.title.includes(title))
      .sort((a, b) => b.updatedAt - a.updatedAt)
  }

  async assertSame(store: SessionStore, id: SessionId): Promise<void> {
    const session = this.#sessions.get(id)
    assert(session)
    await assertLog(store, id, session.log)
    assert.deepEqual((await store.load(id))?.summary, session.summary)
  }
}

type Command = FastCheck.AsyncCommand<ModelSessions, StoreUnderTest>
type Step = (model: ModelSessions, store: SessionStore, real: StoreUnderTest) => Promise<void>

/** The commands, as fast-check wants them. `fc` is passed in because it is loaded late. */
export function modelCommands(fc: typeof FastCheck): FastCheck.Arbitrary<Command>[] {
  const text = fc.string({ unit: 'binary', maxLength: 12 })
  const texts = fc.array(text, { maxLength: 4 })
  const number = fc.nat({ max: 99 })
  return [
    fc
      .tuple(text, texts)
      .map(([title, texts]) => command(`create ${JSON.stringify([title, texts])}`, create(title, texts))),
    fc
      .tuple(number, texts, fc.option(text, { nil: undefined }))
      .map(([n, texts, title]) =>
        onSession(`commit to ${n}: ${JSON.stringify([texts, title])}`, commit(n, texts, title)),
      ),
    fc
      .tuple(number, fc.integer({ min: 1, max: 3 }))
      .map(([n, by]) => onSession(`stale commit to ${n} by ${by}`, commitStale(n, by))),
    number.map((n) => onSession(`repeat commit of ${n}`, repeatCommit(n))),
    fc
      .tuple(number, number, texts)
      .map(([n, at, texts]) => onSession(`fork ${n} at ${at}`, fork(n, at, texts))),
    number.map((n) => onSession(`delete ${n}`, remove(n))),
    fc
      .tuple(number, number, number)
      .map(([n, after, limit]) => onSession(`replay ${n} after ${after}, ${limit}`, replay(n, after, limit))),
    fc
      .tuple(text, fc.integer({ min: 1, max: 3 }))
      .map(([title, limit]) => command(`list ${JSON.stringify(title)} by ${limit}`, list(title, limit))),
    fc.constant(command('reopen', reopen)),
  ]
}

function create(title: string, texts: readonly string[]): Step {
  return async (model, store) => {
    const session = sampleSession({ ...model.sampleOptions(title), texts })
    assert.deepEqual(await store.create(session), { head: session.events.length })
    model.set(session.sessionId, { log: [...session.events], summary: session.summary })
  }
}

function commit(number: number, texts: readonly string[], title: string | undefined): Step {
  return async (model, store) => {
    const [id, session] = model.pick(number)
    const head = session.log.length + texts.length
    const summary = title === undefined ? undefined : sampleSummary(id, head, model.sampleOptions(title))
    const batch = { ...sampleBatch(id, session.log.length, texts), ...(summary && { summary }) }
    assert.deepEqual(await store.commit(id, batch), { head })
    session.log.push(...batch.events)
    session.batch = batch
    session.summary = summary ?? session.summary
  }
}

function commitStale(number: number, by: number): Step {
  return async (model, store) => {
    const [id, { log }] = model.pick(number)
    const summary = sampleSummary(id, 0, { title: 'never' })
    const batch = { ...sampleBatch(id, Math.max(0, log.length - by), ['never']), summary }
    const error = await assertRefused(store.commit(id, batch), 'ERR_COMMIT_CONFLICT')
    assert.deepEqual(error.data, { expectedHead: batch.expectedHead, actualHead: log.length })
  }
}

function repeatCommit(number: number): Step {
  return async (model, store) => {
    const [id, { batch, log }] = model.pick(number)
    if (batch) assert.deepEqual(await store.commit(id, batch), { head: log.length })
  }
}

function fork(number: number, at: number, texts: readonly string[]): Step {
  return async (model, store) => {
    if (!store.fork) return
    const [id, { log }] = model.pick(number)
    const made = sampleFork(id, 1 + (at % log.length), { ...model.sampleOptions(`fork of ${id}`), texts })
    const all = logOf(made, log)
    assert.deepEqual(await store.fork(made), { head: all.length })
    model.set(made.sessionId, { log: all, summary: made.summary })
  }
}

function remove(number: number): Step {
  return async (model, store) => {
    const [id] = model.pick(number)
    await store.delete(id)
    model.delete(id)
    assert.equal(await store.load(id), undefined)
    assert.deepEqual(await replayAll(store, id), [])
  }
}

function replay(number: number, after: number, limit: number): Step {
  return async (model, store) => {
    const [id, { log }] = model.pick(number)
    const from = after % (log.length + 1)
    assert.deepEqual(await replayAll(store, id, { after: from, limit }), log.slice(from, from + limit))
  }
}

function list(title: string, limit: number): Step {
  return async (model, store) => {
    const { workingDir } = model
    const everything = await listAll(store, { workingDir, limit })
    assert.deepEqual(everything, model.summaries(''))
    const found = idsOf(await listAll(store, { workingDir, limit, title }))
    // A title is looked for in any case, so there may be more than an exact search finds, never fewer.
    for (const { sessionId } of model.summaries(title)) assert(found.includes(sessionId))
  }
}

async function reopen(model: ModelSessions, _store: SessionStore, real: StoreUnderTest): Promise<void> {
  if (!real.harness.reopen) return
  await real.current.close()
  real.current = await real.harness.reopen()
  for (const id of model.ids()) await model.assertSame(real.current.store, id)
}

function command(name: string, step: Step): Command {
  return {
    check: () => true,
    run: (model, real) => step(model, real.current.store, real),
    toString: () => name,
  }
}

function onSession(name: string, step: Step): Command {
  return { ...command(name, step), check: (model) => model.size > 0 }
}
