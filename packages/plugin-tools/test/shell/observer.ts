import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * A number of seconds that no other process has in its command line. A minute and a half: what a failed test leaves behind goes by
 * itself.
 */
export function tokenOf(): string {
  return `90.${Math.random().toFixed(12).slice(2)}`
}

/** Ids of live processes whose command line holds the token: an observer that knows nothing of marks and groups. Linux alone. */
export function running(token: string): string[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc').filter(
    (pid) => /^\d+$/.test(pid) && read(pid, 'cmdline').includes(token) && !/\) [ZX] /.test(read(pid, 'stat')),
  )
}

function read(pid: string, name: string): string {
  try {
    return readFileSync(join('/proc', pid, name), 'latin1')
  } catch {
    return ''
  }
}

/** Resolves once it is done, or when the time is up. */
export async function waitFor(isDone: () => boolean, ms = 5_000): Promise<void> {
  const end = performance.now() + ms
  while (!isDone() && performance.now() < end) await delay(10)
}
