import { DatabaseSync } from 'node:sqlite'
import { isDeepStrictEqual } from 'node:util'
import { toErrorWire, type SessionRuntime, type SessionStore } from '@halter/core'
import sqliteStore from '@halter/plugin-sqlite-store'
import { fold, type SessionState, type StoredEvent } from '@halter/protocol'
import { checkTranscript } from '@halter/testkit'
import { createRuntime } from 'halter'
import { digestOf } from './digest.ts'
import type { Home } from './home.ts'
import { KeptValues } from './kept-values.ts'
import { WatchedStore } from './watched-store.ts'

/** What may be taken from a store after a crash. */
export interface Inspection {
  /** Whether to resume each session, which closes what the crash left open, or only to read. */
  readonly resumes: boolean
}

/** Opens what a process left behind, and says everything that is wrong with it; whatever is there now must stay. */
export async function inspectHome(home: Home, { resumes }: Inspection): Promise<readonly string[]> {
  const problems = home.model.problems.splice(0)
  const watched = new WatchedStore()
  const kept = new KeptValues()
  const runtime = await createRuntime({
    plugins: [[sqliteStore, { path: home.store }], watched.plugin, kept.plugin],
    defaultModel: 'demo',
  })
  try {
    const logs = await readLogs(home, watched.inner!, problems)
    checkEffects(home, logs, problems)
    await checkValues(home, kept, problems)
    await checkList(runtime, logs, problems)
    for (const [id, log] of logs) {
      const report = await runtime.verify(id)
      problems.push(...report.problems.map(({ seq, problem }) => `verify of ${id}: event ${seq} ${problem}`))
      if (resumes) await checkResume(runtime, id, log, problems)
    }
    if (resumes) for (const id of logs.keys()) settle(home, id, await readLog(watched.inner!, id))
  } catch (error) {
    problems.push(`the store could not be inspected: ${toErrorWire(error).message}`)
  } finally {
    await runtime.shutdown()
  }
  problems.push(...integrityOf(home))
  return problems
}

/** Compares every session with what the model knows, and takes it over as it is. */
async function readLogs(
  home: Home,
  store: SessionStore,
  problems: string[],
): Promise<Map<string, readonly StoredEvent[]>> {
  const logs = new Map<string, readonly StoredEvent[]>()
  for (const id of home.model.ids) {
    const log = await readLog(store, id)
    const problem = home.model.check(id, log.map(digestOf))
    if (problem !== undefined) problems.push(problem)
    const stored = await store.load(id)
    if ((stored?.head ?? 0) !== log.length)
      problems.push(`the head of ${id} is ${stored?.head ?? 'unknown'}, and it holds ${log.length} events`)
    settle(home, id, log)
    if (log.length > 0) logs.set(id, log)
  }
  return logs
}

function settle(home: Home, id: string, log: readonly StoredEvent[]): void {
  home.model.settle(id, log.map(digestOf))
}

async function readLog(store: SessionStore, id: string): Promise<readonly StoredEvent[]> {
  return await Array.fromAsync(store.replay(id))
}

/**
 * An effect without a stored intent is one that nobody would ever know of; two of one call are one too many, unless the tool may run
 * again and was told to.
 */
function checkEffects(
  home: Home,
  logs: ReadonlyMap<string, readonly StoredEvent[]>,
  problems: string[],
): void {
  const counts = new Map<string, number>()
  for (const { sessionId, callId, kind } of home.effects()) {
    const count = (counts.get(callId) ?? 0) + 1
    counts.set(callId, count)
    if (count > (kind === 'unsafe' ? 1 : 1 + home.continued))
      problems.push(`the ${kind} call ${callId} had its effect ${count} times`)
    const log = logs.get(sessionId)
    if (log && !log.some((event) => event.type === 'toolCall.started' && event.callId === callId))
      problems.push(`call ${callId} of ${sessionId} had an effect and has no stored intent`)
  }
  for (const [id, log] of logs)
    for (const event of log)
      if (event.type === 'toolCall.finished' && event.outcome === 'ok' && !counts.has(event.callId))
        problems.push(`event ${event.seq} of ${id} tells of an effect that there was not`)
}

async function checkValues({ model }: Home, { values }: KeptValues, problems: string[]): Promise<void> {
  for (const key of model.keys) {
    const found = await values!.get<number>(key)
    const problem = model.checkValue(key, found)
    if (problem !== undefined) problems.push(problem)
    model.settleValue(key, found)
  }
}

async function checkList(
  runtime: SessionRuntime,
  logs: ReadonlyMap<string, unknown>,
  problems: string[],
): Promise<void> {
  const { sessions } = await runtime.listSessions({ limit: 1000 })
  const listed = new Set(sessions.map(({ sessionId }) => sessionId))
  for (const id of new Set([...listed, ...logs.keys()]))
    if (!listed.has(id) || !logs.has(id))
      problems.push(`${id} is in the list, or in the store, but not in both`)
}

/** Resumes a session: it must come back idle, whole, and as something that every model takes. */
async function checkResume(
  runtime: SessionRuntime,
  id: string,
  before: readonly StoredEvent[],
  problems: string[],
): Promise<void> {
  const session = await runtime.resume(id, { steal: false })
  if (!session) return void problems.push(`${id} could be read and not resumed`)
  const log = await Array.fromAsync(session.replay())
  if (session.status !== 'idle') problems.push(`${id} came back ${session.status}`)
  if (!isDeepStrictEqual(log.slice(0, before.length).map(digestOf), before.map(digestOf)))
    if (!before.some(holdsBlob)) problems.push(`resuming ${id} changed what was there`)
  for (const { api, rule, message } of checkTranscript(session.state.transcript))
    problems.push(`${id} came back with a transcript that ${api} refuses (${rule}): ${message}`)
  if (!isDeepStrictEqual(essence(fold(log)), essence(session.state)))
    problems.push(`the state of ${id} is not the fold of its log`)
  const count = (types: readonly string[]) => log.filter(({ type }) => types.includes(type)).length
  if (count(['turn.started']) !== count(['turn.completed', 'turn.failed']))
    problems.push(`${id} has turns without an end, or with several`)
  const report = await runtime.verify(id)
  problems.push(
    ...report.problems.map(({ seq, problem }) => `after the resume of ${id}: event ${seq} ${problem}`),
  )
  await session.detach()
}

/** A replay through the runtime puts large parts back; the store itself names them. */
function holdsBlob(event: StoredEvent): boolean {
  return JSON.stringify(event).includes('"kind":"blob"')
}

function essence(state: SessionState): unknown {
  const { head, status, turns, compactions, title, metadata, usage, transcript } = state
  return structuredClone({
    head,
    status,
    turns,
    compactions,
    title,
    metadata,
    usage,
    transcript: [...transcript],
  })
}

/** What SQLite itself finds wrong with the file. */
function integrityOf({ store }: Home): readonly string[] {
  const db = new DatabaseSync(store, { readOnly: true })
  try {
    const rows = db.prepare('PRAGMA integrity_check(3)').all()
    return rows.map((row) => String(row['integrity_check'])).filter((text) => text !== 'ok')
  } finally {
    db.close()
  }
}
