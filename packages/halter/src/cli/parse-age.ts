import { UsageError } from './usage-error.ts'

const HOUR = 3_600_000
const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: HOUR, d: 24 * HOUR, w: 7 * 24 * HOUR }

/** Reads `30d`: a number of minutes, hours, days or weeks. Returns milliseconds. @throws UsageError */
export function parseAge(text: string): number {
  const [, digits, unit] = /^(\d{1,6})([mhdw])$/i.exec(text) ?? []
  if (digits !== undefined && unit !== undefined) return Number(digits) * UNITS[unit.toLowerCase()]!
  throw new UsageError(
    `--older-than ${text}: it takes a number with its unit, m, h, d or w, such as 12h or 30d.`,
    'sessions prune',
  )
}
