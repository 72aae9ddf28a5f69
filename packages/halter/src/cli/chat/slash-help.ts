import { printableLine } from '../printable.ts'
import { cutToWidth, padToWidth, textWidth } from '../text-width.ts'
import { currentResources, invocable, SLASH_COMMANDS, type SlashContext } from './slash-commands.ts'

const KEYS = [
  ['Enter', 'send; while it works, the prompt waits for the end of the turn'],
  ['Tab', 'while it works, say it into the running turn; behind a /, complete'],
  ['Alt-Enter, or \\ and Enter', 'a new line; what is pasted is one prompt, too'],
  ['Up, Down', 'what was written before'],
  ['Ctrl-C', 'end the turn; empty the line; a second one leaves'],
  ['Ctrl-D', 'leave, on an empty line'],
] as const

/** `/help` */
export async function showHelp(ctx: SlashContext): Promise<void> {
  const rows = SLASH_COMMANDS.map(
    ({ name, usage, summary }) => [[`/${name}`, usage].filter(Boolean).join(' '), summary] as const,
  )
  const snapshot = await currentResources(ctx)
  const own = (snapshot ? invocable(snapshot) : []).map(
    ({ name, description, argumentHint }) =>
      [[`/${name}`, argumentHint].filter(Boolean).join(' '), description] as const,
  )
  const parts = [
    table(rows, ctx.width),
    ...(own.length > 0 ? [table(own, ctx.width)] : []),
    table(KEYS, ctx.width),
  ]
  ctx.show(parts.join('\n'))
}

/** `/tools` */
export async function showTools(ctx: SlashContext): Promise<void> {
  const { tools } = ctx.services()
  if (tools.length === 0) return ctx.note('The model has no tools.')
  ctx.show(
    table(
      tools.map(({ name, description }) => [name, description] as const),
      ctx.width,
    ),
  )
}

/** Two columns; the right one is cut where the row ends. */
function table(rows: readonly (readonly [string, string])[], width: number): string {
  const left = Math.min(30, Math.max(...rows.map(([name]) => textWidth(printableLine(name)))))
  return rows
    .map(([name, what]) => {
      const row = `  ${padToWidth(printableLine(name), left)}  ${printableLine(what)}`
      return `${cutToWidth(row, width - 1)}\n`
    })
    .join('')
}
