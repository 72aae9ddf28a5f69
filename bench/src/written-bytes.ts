import { existsSync, readFileSync } from 'node:fs'

const COUNTERS = '/proc/self/io'

/** Bytes that this process has asked the system to write so far; undefined where the system does not say. */
export function writtenBytes(): number | undefined {
  if (!existsSync(COUNTERS)) return undefined
  const counted = /^wchar: (\d+)$/m.exec(readFileSync(COUNTERS, 'utf8'))
  return counted ? Number(counted[1]) : undefined
}
