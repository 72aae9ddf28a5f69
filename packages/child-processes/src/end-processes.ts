import { setTimeout as delay } from 'node:timers/promises'
import { findProcesses } from './processes.ts'

/** Milliseconds between the polite signal and the one that cannot be ignored. */
const GRACE_MS = 200
const POLL_MS = 25
/** Who forks faster than he is killed gets so many rounds. */
const KILL_ROUNDS = 60

/** The processes of a command, or of all commands of a session. */
export interface ProcessTree {
  /** The shell; absent: all shells with the mark. */
  readonly leader?: number
  /** The beginning of an entry of the environment that they have. */
  readonly mark: string
  /** Start time of the oldest. */
  readonly since: number
}

/**
 * Ends processes: SIGTERM to all, SIGKILL to those that are there after 200 ms, until none is left. On Linux that includes
 * those that left the process group; elsewhere it is the group alone.
 */
export async function endProcesses(tree: ProcessTree): Promise<void> {
  if (process.platform !== 'linux') return endGroup(tree.leader)
  // Kept over the rounds: when a parent dies first, nothing leads from its child to us any more. So look, then signal.
  const known = new Map<number, number>()
  const kill = performance.now() + GRACE_MS
  for (let round = 0; round < KILL_ROUNDS;) {
    const running = await findProcesses({ ...tree, known })
    if (running.length === 0) return
    const isPatient = performance.now() < kill
    for (const { pid, startTime } of running) {
      if (!isPatient) signal(pid, 'SIGKILL')
      else if (!known.has(pid)) signal(pid, 'SIGTERM')
      known.set(pid, startTime)
    }
    if (!isPatient) round++
    await delay(POLL_MS)
  }
}

async function endGroup(leader: number | undefined): Promise<void> {
  if (leader === undefined) return
  signalGroup(leader, 'SIGTERM')
  await delay(GRACE_MS)
  signalGroup(leader, 'SIGKILL')
}

/** True while a process group has members. */
export function isGroupAlive(leader: number): boolean {
  try {
    return process.kill(-leader, 0)
  } catch {
    return false
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  if (pid <= 1) return
  try {
    process.kill(pid, name)
  } catch {
    // It ended by itself meanwhile.
  }
}

function signalGroup(leader: number, name: NodeJS.Signals): void {
  if (leader <= 1) return
  try {
    process.kill(-leader, name)
  } catch {
    // The group is empty. Windows knows no groups: the shell itself is all that can be ended.
    if (process.platform === 'win32') signal(leader, name)
  }
}
