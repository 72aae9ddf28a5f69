/**
 * Damages copies of one file of sessions, one way after the other, and reads what can be read. Its argument is a `DamageTask`. Lines:
 * ["round", round, DamageRound], said before the next one begins, so that a round that ends the process is known.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isHalterError, toErrorWire, type SessionRuntime } from '@halter/core'
import sqliteStore from '@halter/plugin-sqlite-store'
import type { StoredEvent } from '@halter/protocol'
import { createRuntime } from 'halter'
import { digestOf } from '../crash/digest.ts'
import { pickBetween, pickOne, seededRandom } from '../seeded-random.ts'
import { effectPlugin } from './effect-plugin.ts'
import { sayLine } from './say.ts'

/** What is to be done. */
export interface DamageTask {
  readonly folder: string
  readonly seed: number
  readonly from: number
  readonly rounds: number
}

/** What came of one damaged copy. */
export interface DamageRound {
  readonly kind: string
  /** `refused`: the file could not be opened. */
  readonly outcome: 'whole' | 'damaged' | 'refused'
  readonly longestMs: number
  readonly problems: readonly string[]
}

interface Original {
  readonly id: string
  readonly digests: readonly number[]
}

const SESSIONS = 4
const task = JSON.parse(process.argv[2] ?? '{}') as DamageTask
const path = join(task.folder, 'sessions.db')
mkdirSync(task.folder, { recursive: true })
const seeded = seededRandom(task.seed)
const effects = () =>
  effectPlugin({ effects: join(task.folder, 'effects.txt'), random: seeded, say: () => {} })
const open = (): Promise<SessionRuntime> =>
  createRuntime({ plugins: [[sqliteStore, { path }], effects()], defaultModel: 'crash' })

const originals = await makeOriginals()
const image = readFileSync(path)
for (let round = task.from; round < task.from + task.rounds; round++)
  sayLine(['round', round, await oneRound(seededRandom(task.seed * 1_000_003 + round))])

async function makeOriginals(): Promise<readonly Original[]> {
  const runtime = await open()
  const made: Original[] = []
  for (let count = 0; count < SESSIONS; count++) {
    const session = await runtime.newSession({ workingDir: '/', metadata: { number: `${count}` } })
    for (let turn = 0; turn < 3; turn++) await session.submitTurn(`turn ${turn} of ${count}`).orThrow()
    await session.detach()
    made.push({ id: session.id, digests: (await Array.fromAsync(session.replay())).map(digestOf) })
  }
  await runtime.shutdown()
  return made
}

async function oneRound(random: () => number): Promise<DamageRound> {
  for (const ending of ['-wal', '-shm']) rmSync(path + ending, { force: true })
  writeFileSync(path, image)
  const { kind, victim } = damage(random)
  const problems: string[] = []
  let longestMs = 0
  let isWhole = true
  const timed = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    const start = performance.now()
    try {
      return await work()
    } catch (error) {
      isWhole = false
      if (!isHalterError(error))
        problems.push(`${what} ended with ${(error as Error).stack ?? String(error)}`)
      return undefined
    } finally {
      longestMs = Math.max(longestMs, performance.now() - start)
    }
  }
  const runtime = await timed('opening', async () => {
    try {
      return await open()
    } catch (error) {
      if (isHalterError(error) && !error.message.includes(path))
        problems.push(`a refusal does not name the file: ${error.message}`)
      throw error
    }
  })
  if (!runtime) {
    if (victim !== undefined) problems.push('damage in one session keeps the file from being opened')
    return { kind, outcome: 'refused', longestMs, problems }
  }
  for (const original of originals) {
    const isVictim = victim === undefined || original.id === victim
    const isFine = await timed(`reading ${original.id}`, () => readOne(runtime, original, isVictim, problems))
    isWhole &&= isFine === true
  }
  await timed('listing', () => runtime.listSessions())
  await timed('a new session', async () => {
    const session = await runtime.newSession({ workingDir: '/' })
    await session.submitTurn('still there?').result
  })
  await timed('the shutdown', () => runtime.shutdown({ drainMs: 0 }))
  return { kind, outcome: isWhole ? 'whole' : 'damaged', longestMs, problems }
}

/** Breaks the file; `victim` is the session it concerns, where it is one. */
function damage(random: () => number): { readonly kind: string; readonly victim?: string } {
  const choice = random()
  if (choice < 0.4) return damageRow(random)
  if (choice < 0.45) {
    // Of a file without a single byte nobody can tell that there was more: it is a new store.
    truncateSync(path, pickBetween(random, 1, image.length - 1))
    return { kind: 'file cut short' }
  }
  if (choice < 0.55) {
    flip(path, random, 100)
    return { kind: 'bits of the header' }
  }
  if (choice < 0.65) {
    makeLog()
    flip(`${path}-wal`, random)
    return { kind: 'bits of the log beside it' }
  }
  flip(path, random)
  return { kind: 'bits of the file' }
}

/** Damages something that belongs to one session only. */
function damageRow(random: () => number): { readonly kind: string; readonly victim: string } {
  const { id, digests } = pickOne(random, originals)
  const seq = pickBetween(random, 1, digests.length)
  const row = `session_no = (SELECT no FROM sessions WHERE id = '${id}') AND seq = ${seq}`
  const [kind, sql] = pickOne(random, [
    ['a changed event', `UPDATE events SET payload = replace(payload, 'e', 'E') WHERE ${row}`],
    ['an event that is no JSON', `UPDATE events SET payload = '{' WHERE ${row}`],
    [
      'an event that is a BLOB',
      `PRAGMA ignore_check_constraints = ON; UPDATE events SET payload = hex(payload) WHERE ${row}`,
    ],
    ['a lost event', `DELETE FROM events WHERE ${row}`],
    ['an event twice', `UPDATE OR REPLACE events SET seq = ${seq === 1 ? 2 : seq - 1} WHERE ${row}`],
    ['a changed checksum', `UPDATE events SET crc = crc + 1 WHERE ${row}`],
    ['a changed summary', `UPDATE sessions SET summary = replace(summary, 'e', 'E') WHERE id = '${id}'`],
    ['a cut summary', `UPDATE sessions SET summary = substr(summary, 1, 20) WHERE id = '${id}'`],
    ['a lost end', `DELETE FROM events WHERE ${row.replace('seq =', 'seq >=')}`],
  ] as const)
  const db = new DatabaseSync(path)
  db.exec(sql)
  db.close()
  return { kind, victim: id }
}

/** Leaves commits in the log beside the file, as a kill does. */
function makeLog(): void {
  const db = new DatabaseSync(path)
  db.exec('PRAGMA wal_autocheckpoint = 0')
  for (let value = 0; value < 20; value++)
    db.prepare('INSERT OR REPLACE INTO key_values (key, value) VALUES (?, ?)').run(
      `k${value}`,
      'v'.repeat(500),
    )
  const copies = [path, `${path}-wal`].map((each) => [each, `${each}.kept`] as const)
  for (const [from, to] of copies) copyFileSync(from, to)
  db.close()
  for (const [from, to] of copies) copyFileSync(to, from)
}

function flip(file: string, random: () => number, within?: number): void {
  const bytes = readFileSync(file)
  for (let count = pickBetween(random, 1, 8); count > 0; count--) {
    const at = pickBetween(random, 0, Math.min(within ?? bytes.length, bytes.length) - 1)
    bytes[at] = bytes[at]! ^ (1 << pickBetween(random, 0, 7))
  }
  writeFileSync(file, bytes)
}

function isSoundFile(): boolean {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    return db.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check'] === 'ok'
  } catch {
    return false
  } finally {
    db.close()
  }
}

/** Every event that is shown is one that was written; what is missing is said, with session and seq. True when nothing is. */
async function readOne(
  runtime: SessionRuntime,
  { id, digests }: Original,
  mayBeDamaged: boolean,
  problems: string[],
): Promise<boolean> {
  const shown: StoredEvent[] = []
  let refusal: unknown
  try {
    for await (const event of runtime.replay(id)) shown.push(event)
  } catch (error) {
    refusal = error
  }
  for (const [index, event] of shown.entries())
    if (digestOf(event) !== digests[index])
      problems.push(`event ${index + 1} of ${id} was shown and never written`)
  if (isHalterError(refusal, 'ERR_SESSION_DAMAGED')) {
    const seq = refusal.data?.['seq']
    if (!refusal.message.includes(id) || seq !== shown.length + 1)
      problems.push(
        `damage of ${id} after event ${shown.length} is reported as seq ${String(seq)}: ${refusal.message}`,
      )
  }
  const report = await runtime.verify(id)
  const session = await runtime.resume(id).catch((error: unknown) => {
    if (isHalterError(error)) return error
    throw error
  })
  const isShort = shown.length < digests.length
  const isTold = refusal !== undefined || report.problems.length > 0 || isHalterError(session)
  // Where the pages or the index that lead to a session are broken, only a look at the whole file can tell that there was one.
  if (isShort && !isTold && isSoundFile())
    problems.push(`${id} lost its events after ${shown.length} of ${digests.length}, and nobody said so`)
  if (isHalterError(session, 'ERR_SESSION_DAMAGED') && report.problems.length === 0)
    problems.push(`${id} cannot be resumed (${session.message}), and verify finds nothing`)
  if (!mayBeDamaged && (isShort || isTold || !session))
    problems.push(`${id} was damaged with another session: ${toErrorWire(refusal ?? session).message}`)
  if (session && !isHalterError(session)) await session.detach()
  if (report.problems.length === 0 || shown.length === 0) return !isShort && !isTold
  // What is written into broken pages may be broken, too; that is the file's damage, not the session's.
  if (!isSoundFile()) return false
  const repaired = await runtime.repairSession(id)
  if (!repaired) {
    problems.push(`${id} is damaged and was not repaired`)
    return false
  }
  const after = await runtime.verify(repaired.id)
  problems.push(
    ...after.problems.map(({ seq, problem }) => `after the repair of ${id}: event ${seq} ${problem}`),
  )
  await repaired.detach()
  return false
}
