import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import process from 'node:process'
import type { LeaseHolder } from '../contracts/session-store.ts'

/** This process, as a holder of leases. `owner`: unique per runtime. */
export function thisHolder(owner: string): LeaseHolder {
  return {
    owner,
    host: place(),
    bootId: bootId(),
    pid: process.pid,
    pidStartTime: statOf(process.pid)?.startTime ?? '',
  }
}

/**
 * True when a holder is provably dead: it ran on this host, and in this container of it, and either the host has been started anew
 * since, or no process of its pid and start time runs there. Elsewhere, and where the system does not tell, nothing is provable.
 */
export function isGone(holder: LeaseHolder): boolean {
  if (holder.host !== place()) return false
  if (holder.bootId !== bootId()) return holder.bootId !== '' && bootId() !== ''
  if (!isThere(holder.pid)) return true
  const stat = statOf(holder.pid)
  if (!stat) return false
  return stat.isDead || (holder.pidStartTime !== '' && stat.startTime !== holder.pidStartTime)
}

/** The pid namespace that a Linux host starts with: PROC_PID_INIT_INO of linux/proc_ns.h. */
const FIRST_NAMESPACE = 'pid:[4026531836]'

/** Where a pid means the same process: this host, or a container on it, whose pids are its own whatever its host name. */
function place(): string {
  const namespace = pidNamespace()
  return namespace === undefined || namespace === FIRST_NAMESPACE ? hostname() : `${hostname()} ${namespace}`
}

function pidNamespace(): string | undefined {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return undefined
  }
}

function bootId(): string {
  return readProc('/proc/sys/kernel/random/boot_id')?.trim() ?? ''
}

/** State and start time (clock ticks since boot) of a process: fields 3 and 22 of /proc/PID/stat, proc_pid_stat(5). */
function statOf(pid: number): { readonly isDead: boolean; readonly startTime: string } | undefined {
  const stat = readProc(`/proc/${pid}/stat`)
  if (!stat) return undefined
  // The second field is the command in parentheses and may hold anything, parentheses included.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // A zombie has a pid until its parent has asked for its exit code, and does nothing any more.
  return { isDead: fields[0] === 'Z' || fields[0] === 'X', startTime: fields[19]! }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
