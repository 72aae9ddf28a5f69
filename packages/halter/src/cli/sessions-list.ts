import type { SessionSummary } from '@halter/protocol'
import type { OptionValues } from './command-spec.ts'
import type { SESSIONS_LIST } from './commands/sessions.ts'
import { openRuntime } from './open-runtime.ts'
import type { Output } from './output.ts'
import { printableLine } from './printable.ts'
import { cutToWidth, padToWidth, textWidth } from './text-width.ts'

/** `halter sessions list` */
export async function listSessions(
  options: OptionValues<(typeof SESSIONS_LIST)['options']>,
  _: readonly string[],
  output: Output,
): Promise<number> {
  const { runtime, cwd } = await openRuntime(options, output)
  try {
    const { sessions, next } = await runtime.listSessions({
      limit: options.limit ?? 20,
      ...(!options.children && { parentId: null }),
      ...(options.here && { workingDir: cwd }),
      ...(options.status && { status: options.status }),
      ...(options.title !== undefined && { title: options.title }),
    })
    if (options.json) for (const session of sessions) output.json(session)
    else if (sessions.length === 0) output.talk('There are no sessions. Begin one: halter run "…"')
    else output.data(sessionTable(sessions, output.width))
    if (next !== undefined && !options.json) output.talk('There are more: --limit', 'dim')
    return 0
  } finally {
    await runtime.shutdown()
  }
}

/** A row per session; the title gets what is left of `width`, and all of its length where there is no terminal. */
export function sessionTable(sessions: readonly SessionSummary[], width: number | undefined): string {
  const rows = sessions.map((session) => [
    session.sessionId,
    localTime(session.updatedAt),
    session.status,
    String(session.turns),
    printableLine(session.model),
    printableLine(session.title),
  ])
  const table = [['SESSION', 'LAST USED', 'STATUS', 'TURNS', 'MODEL', 'TITLE'], ...rows]
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => textWidth(row[column]!))))
  if (width !== undefined) fitColumns(widths, width)
  const isShort = widths[ID]! < textWidth(sessions[0]!.sessionId)
  return table
    .map((row) =>
      row
        .map((cell, column) => {
          const isLast = column === row.length - 1
          // An id is cut without a sign: what is left of it can be pasted.
          const fitting =
            column === ID && isShort ? cell.slice(0, widths[ID]) : cutToWidth(cell, widths[column]!)
          return isLast ? fitting : padToWidth(fitting, widths[column]!)
        })
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}

const ID = 0
const MODEL = 4
const TITLE = 5

/** Narrows title, id and model, in turn, down to what can still be read; 13 digits of an id hold its millisecond. */
function fitColumns(widths: number[], width: number): void {
  const floors: readonly (readonly [column: number, least: number])[] = [
    [TITLE, 40],
    [ID, 13],
    [MODEL, 12],
    [TITLE, 5],
    [MODEL, 5],
    [ID, 8],
  ]
  for (const [column, least] of floors) {
    const over = widths.reduce((sum, each) => sum + each + 2, -2) - width
    if (over <= 0) return
    widths[column] = Math.min(widths[column]!, Math.max(least, widths[column]! - over))
  }
}

/** `2026-11-23 16:40`, local. */
export function localTime(at: number): string {
  const date = new Date(at)
  const two = (number: number): string => String(number).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`
}
