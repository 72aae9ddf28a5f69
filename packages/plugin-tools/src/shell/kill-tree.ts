import { setTimeout as delay } from 'node:timers/promises'
import { readProcess } from '@halter/child-processes'
import type { Process } from '@halter/child-processes'
import { descendantsOf } from './descendants.ts'
import type { SessionProcesses } from './session-processes.ts'

/** Milliseconds that processes get to be gone. */
const GRACE_MS = 500
const POLL_MS = 20
/** Who forks faster than he is stopped gets so many rounds. */
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
  const tree = await wholeTree(processes, target, signal === 'SIGKILL')
  const sent = tree.toReversed().map((each) => ({ each, error: send(each, signal) }))
  const end = performance.now() + (STAYING.has(signal) ? 0 : GRACE_MS)
  while (tree.some(isAlive) && performance.now() < end) await delay(POLL_MS)
  return sent.map(({ each, error }) => ({
    pid: each.pid,
    name: each.name,
    killed: !isAlive(each),
    ...(error !== undefined && { error }),
  }))
}

/**
 * A process and what is below it, nearer ones first. `isFrozen`: stopped, as they are found: what is about to be ended must not fork
 * meanwhile, for nothing leads from a child to its parent once that is gone.
 */
async function wholeTree(
  processes: SessionProcesses,
  target: Process,
  isFrozen: boolean,
): Promise<Process[]> {
  const tree = new Map([[target.pid, target]])
  for (let round = 0, size = 0; round < ROUNDS && size !== tree.size; round++) {
    if (isFrozen) for (const each of [...tree.values()].slice(size)) send(each, 'SIGSTOP')
    size = tree.size
    for (const each of descendantsOf(target, await processes.list())) tree.set(each.pid, each)
  }
  return [...tree.values()]
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
