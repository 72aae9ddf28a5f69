import { fold, type Message, type SessionState, type StoredEvent } from '@halter/protocol'
import type { OptionValues } from './command-spec.ts'
import type { SESSIONS_SHOW } from './commands/sessions.ts'
import { describeUsage, partsText } from './describe-event.ts'
import { findSession } from './find-session.ts'
import { openRuntime } from './open-runtime.ts'
import type { Output } from './output.ts'
import { printable, printableLine } from './printable.ts'
import { localTime } from './sessions-list.ts'

/** Lines of one message that are shown. */
const SHOWN_LINES = 12

/** `halter sessions show` */
export async function showSession(
  options: OptionValues<(typeof SESSIONS_SHOW)['options']>,
  [id]: readonly string[],
  output: Output,
): Promise<number> {
  const { runtime } = await openRuntime(options, output)
  try {
    const summary = await findSession(runtime, id!)
    const events: StoredEvent[] = []
    for await (const event of runtime.replay(summary.sessionId)) events.push(event)
    const state = fold(events)
    const last = state.transcript.slice(-(options.messages ?? 6))
    if (options.json)
      output.json({
        ...summary,
        blueprint: state.blueprint,
        usage: state.usage,
        lastTurn: state.lastTurn,
        messages: last,
      })
    else output.data(describeSession(state, summary.status, last))
    return 0
  } finally {
    await runtime.shutdown()
  }
}

function describeSession(state: SessionState, status: string, last: readonly Message[]): string {
  const { blueprint, usage, metadata } = state
  const limits = Object.entries(blueprint.limits).map(([name, value]) => `${name} ${value}`)
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['session', state.sessionId],
    ['title', state.title],
    [
      'status',
      `${status}${state.lastTurn ? `, the last turn ${state.lastTurn.status}: ${state.lastTurn.reason}` : ''}`,
    ],
    ['model', blueprint.model],
    ['folder', blueprint.workingDir],
    ['parent', blueprint.parentId],
    ['begun', localTime(state.createdAt)],
    ['last used', localTime(state.updatedAt)],
    ['log', `${state.head} events, ${state.turns} turns, ${state.compactions} compactions`],
    ['usage', describeUsage(usage.total)],
    ['limits', limits.join(', ') || undefined],
    [
      'metadata',
      Object.entries(metadata)
        .map(([key, value]) => `${key}=${value}`)
        .join(', ') || undefined,
    ],
  ]
  const known = facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined)
  const lines = known.map(([name, value]) => `${name.padEnd(10)} ${printableLine(value)}\n`)
  const hidden = state.transcript.length - last.length
  const more = hidden > 0 ? `\n(${hidden} messages before these)\n` : ''
  return lines.join('') + more + last.map(describeMessage).join('')
}

function describeMessage(message: Message): string {
  const who =
    message.role === 'tool' ? `tool ${message.name}${message.isError ? ' (failed)' : ''}` : message.role
  const lines = printable(partsText(message.parts)).split('\n')
  const shown = lines.slice(0, SHOWN_LINES).map((line) => `  ${line}`.trimEnd())
  const more = lines.length > SHOWN_LINES ? [`  … ${lines.length - SHOWN_LINES} more lines`] : []
  return `\n${who}\n${[...shown, ...more].join('\n')}\n`
}
