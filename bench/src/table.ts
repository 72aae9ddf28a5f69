import { isMet, type Figure, type Goal } from './figure.ts'
import type { Spread } from './rounds.ts'

const HEADS = ['', 'work', 'unit', 'halter', '', 'floor', '', 'floor is', 'ratio', '', 'goal', ''] as const
/** Columns of numbers stand to the right. */
const RIGHT: ReadonlySet<number> = new Set([3, 5, 8])

/** The figures as a table for people: medians, with the least and the greatest round in brackets. */
export function formatTable(figures: readonly Figure[]): string {
  const rows = [HEADS, ...figures.map(cells)]
  const widths = HEADS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          RIGHT.has(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function cells(figure: Figure): string[] {
  const { row, work, unit, ours, floor, floorIs = '', ratio, difference, goal } = figure
  const compared = goal?.of === 'difference' ? difference : ratio
  const sign = goal?.of === 'difference' ? signed : short
  return [
    row,
    work,
    unit,
    short(ours.median),
    range(ours),
    floor ? short(floor.median) : '',
    floor ? range(floor) : '',
    floorIs,
    compared ? sign(compared.median) : '',
    compared ? range(compared) : '',
    goal ? goalText(goal) : '',
    verdict(figure),
  ]
}

function verdict(figure: Figure): string {
  const met = isMet(figure)
  if (met === undefined) return ''
  return met ? 'met' : 'MISSED'
}

function goalText({ of, atMost }: Goal): string {
  if (of === 'figure') return `≤ ${atMost}`
  return of === 'ratio' ? `≤ ${atMost} × floor` : `≤ floor + ${atMost}`
}

function range({ min, max }: Spread): string {
  return `(${short(min)}–${short(max)})`
}

function signed(value: number): string {
  return value < 0 ? short(value) : `+${short(value)}`
}

/** Three digits that count. */
function short(value: number): string {
  const size = Math.abs(value)
  if (size >= 1000) return Math.round(value).toLocaleString('en-US')
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)
}
