import { setTimeout as delay } from 'node:timers/promises'
import { readProcess } from '@halter/child-processes'
import type { Process } from '@halter/child-processes'
import { descendantsOf } from './descendants.ts'
import type { SessionProcesses } from './session-processes.ts'

/** Milliseconds that processes get to be gone. */
const GRACE_MS = 500
const POLL_MS = 20
/** Who forks faster than his children are found gets so many rounds. */
const ROUNDS = 20
/** Signals that do not ask a process to go. */
const STAYING: ReadonlySet<string> = new Set(['SIGSTOP', 'SIGCONT', 'SIGUSR1', 'SIGUSR2'])

/** What became of one process. */
export interface KilledProcess {
  readonly pid: number
  readonly name: string
  /** Whether it is gone. */
  readonly killed: boolean
  /** Why it got no signal. */
  readonly error?: string
}

/** Signals a process and everything below it, the deepest first, and tells what became of each within half a second. */
export async function killTree(
  processes: SessionProcesses,
  target: Process,
  signal: NodeJS.Signals,
): Promise<KilledProcess[]> {
  const seen = new Map<number, { readonly process: Process; readonly error: string | undefined }>()
  for (let round = 0; round < ROUNDS; round++) {
    const known = new Map([...seen.values()].map(({ process }) => [process.pid, process.startTime]))
    const tree = treeOf(target, await processes.list(known), seen)
    if (tree.length === 0) break
    for (const process of tree) seen.set(process.pid, { process, error: send(process, signal) })
    // What a process forked before it got the signal is found in the next round.
    if (STAYING.has(signal)) break
  }
  const end = performance.now() + (STAYING.has(signal) ? 0 : GRACE_MS)
  const all = [...seen.values()]
  while (all.some(({ process }) => isAlive(process)) && performance.now() < end) await delay(POLL_MS)
  return all.map(({ process, error }) => ({
    pid: process.pid,
    name: process.name,
    killed: !isAlive(process),
    ...(error !== undefined && { error }),
  }))
}

/** What of the tree was not signalled yet, the deepest first. */
function treeOf(target: Process, running: readonly Process[], seen: ReadonlyMap<number, unknown>): Process[] {
  const roots = [target, ...running.filter(({ pid }) => seen.has(pid))]
  const tree = new Map(roots.map((root) => [root.pid, root]))
  for (const root of roots) for (const each of descendantsOf(root, running)) tree.set(each.pid, each)
  return [...tree.values()].filter(({ pid }) => !seen.has(pid)).toReversed()
}

function send({ pid, startTime }: Process, signal: NodeJS.Signals): string | undefined {
  // Between the look and the signal the number may have gone to somebody else.
  if (readProcess(pid)?.startTime !== startTime) return undefined
  try {
    process.kill(pid, signal)
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' ? undefined : (error as Error).message
  }
}

function isAlive({ pid, startTime }: Process): boolean {
  return readProcess(pid)?.startTime === startTime
}
