import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { toErrorWire } from '@halter/core'
import { SqliteSessionStore } from '@halter/plugin-sqlite-store'
import { sampleSession } from '@halter/testkit/rules'
import { APPLICATION_ID, MIGRATIONS } from '../../../packages/plugin-sqlite-store/src/schema.ts'
import { startWorker, type Line, type RunningWorker, type WorkerEnd } from '../crash/run-worker.ts'
import { FaultControl, type Fault } from '../faults/fault-control.ts'
import { scaled, type Circumstances, type Row, type Section } from '../report.ts'

/** Every schema there ever was, and no file at all. */
const FROM = MIGRATIONS.map((_, version) => version)

/** Faults that meet a file that is being made or migrated. */
const KINDS: readonly Fault['kind'][] = ['kill', 'tear', 'power loss', 'EIO', 'ENOSPC']

/** Kills and failures at every file call of making a file and of migrating each older one. */
export const migrations: Section = async (given) => {
  const rows: Row[] = []
  for (const version of FROM) rows.push(await migrateFrom(version, given))
  return rows
}

async function migrateFrom(version: number, given: Circumstances): Promise<Row> {
  const { how } = given.injection
  const kinds =
    how === 'file calls' ? KINDS : KINDS.filter((kind) => kind !== 'tear' && kind !== 'power loss')
  const runs = scaled(250, given)
  const calls = await countCalls(version, given)
  const problems: string[] = []
  let fired = 0
  for (let run = 0; run < runs; run++) {
    // Every call in turn, with one kind after the other.
    const at = 1 + Math.floor((run * calls) / runs)
    const kind = kinds[run % kinds.length]!
    const found = await breakOff(
      version,
      { kind, at, ...(kind === 'tear' && { calls: ['write'] }) },
      run,
      given,
    )
    if (found.fired) fired++
    problems.push(...found.problems.map((text) => `${text} (from schema ${version}, ${kind} at ${at})`))
  }
  return {
    what:
      version === 0
        ? 'a new file, broken off at the k-th call'
        : `schema ${version}, broken off at the k-th call`,
    figures: [
      ['runs', runs],
      ['hit', fired],
      ['calls', calls],
      ['to schema', MIGRATIONS.length],
    ],
    problems,
  }
}

/** Calls that it takes when nothing fails. */
async function countCalls(version: number, given: Circumstances): Promise<number> {
  const folder = prepare(version, join(given.scratch, 'migration-trial'))
  const control = FaultControl.create(join(given.scratch, 'migration.page'))
  control.arm(0, { kind: 'kill', at: 2 ** 30 })
  await open(folder, { ...given, control }).ended
  const { seen } = control.state(0)
  control.close()
  rmSync(folder, { recursive: true })
  return seen
}

async function breakOff(
  version: number,
  fault: Fault,
  run: number,
  given: Circumstances,
): Promise<{ readonly fired: boolean; readonly problems: readonly string[] }> {
  const folder = prepare(version, join(given.scratch, `migration-${run}`))
  const control = FaultControl.create(join(given.scratch, 'migration.page'))
  control.expectPowerLoss({ scatters: run % 2 === 0, seed: given.seed + run })
  control.arm(0, fault)
  const worker = open(folder, { ...given, control })
  const end = await worker.ended
  const fired = control.state(0).fired > 0
  control.close()
  const problems = [...judgeEnd(end, worker.lines()), ...(await judgeFile(folder, worker.lines()))]
  rmSync(folder, { recursive: true })
  return { fired, problems }
}

function open(folder: string, given: Circumstances & { readonly control: FaultControl }): RunningWorker {
  const task = { path: join(folder, 'sessions.db'), sessionId: 'made' }
  return startWorker('open-file.ts', { task, under: { ...given, folder }, patienceMs: 30_000 })
}

function judgeEnd({ signal, code, stderr }: WorkerEnd, lines: readonly Line[]): string[] {
  const problems = lines.filter(([word]) => word === 'problem').map(([, text]) => String(text))
  if (signal !== 'SIGKILL' && code !== 0) problems.push(`the process ended with ${signal ?? code}: ${stderr}`)
  for (const [, , message] of lines.filter(([word]) => word === 'refused'))
    if (!String(message).includes('sessions.db'))
      problems.push(`a refusal does not name the file: ${String(message)}`)
  return problems
}

/** The next process finds an old file or a new one, never a half of each, and what was acknowledged. */
async function judgeFile(folder: string, lines: readonly Line[]): Promise<string[]> {
  const path = join(folder, 'sessions.db')
  try {
    const store = await SqliteSessionStore.open({ path })
    const found = await store.load('made')
    const isAcknowledged = lines.some(([word]) => word === 'made')
    await store.create(sampleSession({ sessionId: 'next' }))
    const { sessions } = await store.list()
    await store.close()
    return [
      ...(isAcknowledged && !found ? ['an acknowledged session is gone'] : []),
      ...(sessions.length === (found ? 2 : 1) ? [] : [`the list has ${sessions.length} sessions`]),
      ...versionProblems(path),
    ]
  } catch (error) {
    return [`the file cannot be used: ${toErrorWire(error).message}`]
  }
}

function versionProblems(path: string): string[] {
  const db = new DatabaseSync(path, { readOnly: true })
  const version = db.prepare('PRAGMA user_version').get()?.['user_version']
  const integrity = db.prepare('PRAGMA integrity_check').get()?.['integrity_check']
  db.close()
  return [
    ...(version === MIGRATIONS.length ? [] : [`the schema is ${String(version)}`]),
    ...(integrity === 'ok' ? [] : [String(integrity)]),
  ]
}

/** A folder with a file of an older schema; of none, where `version` is 0. */
function prepare(version: number, folder: string): string {
  mkdirSync(folder)
  if (version === 0) return folder
  const db = new DatabaseSync(join(folder, 'sessions.db'))
  db.exec('PRAGMA page_size = 2048; PRAGMA journal_mode = WAL')
  for (const step of MIGRATIONS.slice(0, version)) db.exec(step)
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version}`)
  db.close()
  return folder
}
