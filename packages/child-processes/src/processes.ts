import { readFileSync, readdirSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'

/** A running process, as /proc shows it. */
export interface Process {
  readonly pid: number
  readonly parent: number
  readonly group: number
  readonly session: number
  /** Clock ticks since the machine started: with the pid, the name of a process for good. */
  readonly startTime: number
  readonly name: string
}

/** Which processes are meant: those of a group or session, those with a mark in their environment, and their descendants. */
export interface ProcessQuery {
  /** The id of the process that leads the group and session. */
  readonly leader?: number
  /** The beginning of an entry of the environment. */
  readonly mark: string
  /** Older processes are not looked at. */
  readonly since: number
  /** Processes found earlier: these and their descendants are meant too, if they are still the same. */
  readonly known: ReadonlyMap<number, number>
}

/** Finds processes on Linux. Zombies do not count: they run nothing. Processes of other users are not seen. */
export async function findProcesses(query: ProcessQuery): Promise<Process[]> {
  const all: Process[] = []
  const found = new Map<number, Process>()
  let looked = 0
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    // Two small reads each; a machine with thousands of processes must not hold up everybody else.
    if (++looked % 64 === 0) await setImmediate()
    const entry = readProcess(name)
    if (!entry || entry.startTime < query.since) continue
    all.push(entry)
    if (isMeant(entry, query)) found.set(entry.pid, entry)
  }
  addDescendants(all, found)
  found.delete(process.pid)
  return [...found.values()]
}

/** What /proc says of a process; undefined when it is gone or a zombie. */
export function readProcess(pid: number | string): Process | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name stands in parentheses and may hold any character.
    const end = text.lastIndexOf(')')
    const fields = text.slice(end + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    return {
      pid: Number(pid),
      parent: Number(fields[1]),
      group: Number(fields[2]),
      session: Number(fields[3]),
      startTime: Number(fields[19]),
      name: text.slice(text.indexOf('(') + 1, end),
    }
  } catch {
    return undefined
  }
}

function isMeant(entry: Process, { leader, mark, known }: ProcessQuery): boolean {
  if (known.get(entry.pid) === entry.startTime) return true
  if (leader !== undefined && (entry.group === leader || entry.session === leader)) return true
  return hasMark(entry.pid, mark)
}

function hasMark(pid: number, mark: string): boolean {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`.includes(`\0${mark}`)
  } catch {
    // Another user's, or gone.
    return false
  }
}

function addDescendants(all: readonly Process[], found: Map<number, Process>): void {
  for (let size = -1; size !== found.size;) {
    size = found.size
    for (const entry of all) if (found.has(entry.parent)) found.set(entry.pid, entry)
  }
}
