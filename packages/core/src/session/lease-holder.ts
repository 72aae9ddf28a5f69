import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import process from 'node:process'
import type { LeaseHolder } from '../contracts/session-store.ts'

/** This process, as a holder of leases. `owner`: unique per runtime. */
export function thisHolder(owner: string): LeaseHolder {
  return {
    owner,
    host: hostname(),
    bootId: bootId(),
    pid: process.pid,
    pidStartTime: startTimeOf(process.pid) ?? '',
  }
}

/**
 * True when a holder is provably dead: it ran on this host, and either the host has been started anew since, or no process of its pid
 * and start time is there. Of other hosts, and where the system does not tell, nothing is provable.
 */
export function isGone(holder: LeaseHolder): boolean {
  if (holder.host !== hostname()) return false
  if (holder.bootId !== bootId()) return holder.bootId !== '' && bootId() !== ''
  if (!isThere(holder.pid)) return true
  const startTime = startTimeOf(holder.pid)
  return startTime !== undefined && holder.pidStartTime !== '' && startTime !== holder.pidStartTime
}

function bootId(): string {
  return readProc('/proc/sys/kernel/random/boot_id')?.trim() ?? ''
}

/** Field 22 of /proc/PID/stat (proc_pid_stat(5)): clock ticks from boot to the start of the process. */
function startTimeOf(pid: number): string | undefined {
  const stat = readProc(`/proc/${pid}/stat`)
  // The second field is the command in parentheses and may hold anything, parentheses included.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
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
