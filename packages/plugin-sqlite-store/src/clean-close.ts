import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Connection } from './connection.ts'

/** Says that this store may have to be checked if it does not take the mark away again. */
export function markWriter(db: Connection, token: string): void {
  db.run(
    'INSERT OR REPLACE INTO writers (token, host, pid, started) VALUES (?, ?, ?, ?)',
    token,
    hostname(),
    process.pid,
    startOf(process.pid) ?? '',
  )
}

/** Takes marks away: at a clean close its own, after a check those of the dead. */
export function unmarkWriters(db: Connection, tokens: readonly string[]): void {
  for (const token of tokens) db.run('DELETE FROM writers WHERE token = ?', token)
}

/** Marks of processes of this host that ended without closing. */
export function deadWriters(db: Connection): string[] {
  return db
    .all<{ token: string; pid: number; started: string }>(
      'SELECT token, pid, started FROM writers WHERE host = ?',
      hostname(),
    )
    .filter(({ pid, started }) => !isAlive(pid, started))
    .map(({ token }) => token)
}

/**
 * Has SQLite look over the whole file, on a thread and connection of its own: it takes more than half a second per million
 * rows. Calls back with what is wrong; with nothing, when nothing is. Does not keep the process alive.
 */
export async function checkInBackground(
  path: string,
  signal: AbortSignal,
  done: (problems: readonly string[]) => void,
): Promise<void> {
  // Loaded here because most starts come after a clean close.
  const { Worker } = await import('node:worker_threads')
  if (signal.aborted) return
  const worker = new Worker(CHECK, { eval: true, workerData: path })
  worker.unref()
  worker.once('message', done)
  worker.once('error', (error) => done([error.message]))
  signal.addEventListener('abort', () => void worker.terminate())
}

// As text, because a worker's file would have one name as a source and another one when built.
const CHECK = `
const { parentPort, workerData } = require('node:worker_threads')
const { DatabaseSync } = require('node:sqlite')
const db = new DatabaseSync(workerData, { readOnly: true, timeout: 5000 })
const rows = db.prepare('PRAGMA quick_check(3)').all().map((row) => row.quick_check)
db.close()
parentPort.postMessage(rows.filter((row) => row !== 'ok'))
`

/** A pid that was given out again belongs to another process: it started at another time. */
function isAlive(pid: number, started: string): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ESRCH') return false
  }
  const current = startOf(pid)
  return started === '' || current === undefined || current === started
}

/** When a process started, in ticks since boot; undefined where the system does not say. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in brackets may hold anything, so count from its end: field 22 is the 20th after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
