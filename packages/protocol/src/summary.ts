import { EVENT_VERSIONS, type StoredEvent, type StoredEventType } from './events.ts'
import type { SessionId } from './ids.ts'
import { textOf, type UserPart } from './messages.ts'
import type { SessionStatus } from './state.ts'
import { addUsage, NO_USAGE, type Usage } from './usage.ts'

/** What a list of sessions shows. Core folds it; a store keeps it beside the log, so listing reads no events. */
export interface SessionSummary {
  readonly sessionId: SessionId
  readonly parentId?: SessionId
  readonly agent?: string
  /** `running`: a turn has started and not ended; if no live process holds the session, it was interrupted. */
  readonly status: SessionStatus
  /** Given, or else the beginning of the first prompt. */
  readonly title: string
  readonly metadata: Readonly<Record<string, string>>
  readonly model: string
  readonly workingDir: string
  /** `seq` of the event it was folded from; the log may be ahead while a turn runs. */
  readonly head: number
  readonly turns: number
  readonly usage: Usage
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly updatedAt: number
}

/** Event types that change what a list shows: a commit with one of them carries the new summary. */
const LISTED: ReadonlySet<string> = new Set<StoredEventType>([
  'session.started',
  'session.resumed',
  'session.forked',
  'session.updated',
  'session.closed',
  'turn.started',
  'turn.completed',
  'turn.failed',
])

/** True when an event of this type changes what a list shows, so that its commit must carry a new summary. */
export function changesSummary(type: string): boolean {
  return LISTED.has(type)
}

/**
 * The summary after one more event. Pure and constant in time; `undefined` before `session.started`. Its `head` and
 * `updatedAt` move with the events of {@link changesSummary} only, so that most commits need not store a new one.
 */
export function foldSummary(
  summary: SessionSummary | undefined,
  event: StoredEvent,
): SessionSummary | undefined {
  if (event.v !== EVENT_VERSIONS[event.type]) return summary
  if (event.type === 'usage.recorded' && summary)
    return { ...summary, usage: addUsage(summary.usage, event.usage) }
  if (!LISTED.has(event.type)) return summary
  const changed = changeSummary(summary, event)
  return changed && { ...changed, head: event.seq, updatedAt: event.at }
}

function changeSummary(summary: SessionSummary | undefined, event: StoredEvent): SessionSummary | undefined {
  if (event.type === 'session.started') return newSummary(event)
  if (!summary) return undefined
  switch (event.type) {
    case 'session.forked': {
      const { parentId: _, ...rest } = summary
      return { ...rest, sessionId: event.sessionId, status: 'idle', usage: NO_USAGE, createdAt: event.at }
    }
    case 'session.updated':
      return {
        ...summary,
        title: event.title ?? summary.title,
        metadata: event.metadata ?? summary.metadata,
        model: event.model ?? summary.model,
        workingDir: event.workingDir ?? summary.workingDir,
      }
    case 'session.closed':
      return { ...summary, status: 'closed' }
    case 'turn.started':
      return {
        ...summary,
        status: 'running',
        turns: summary.turns + 1,
        title: summary.title === '' ? titleOf(event.input) : summary.title,
      }
    default:
      return { ...summary, status: 'idle' }
  }
}

function newSummary({ sessionId, blueprint, at, seq }: StoredEvent<'session.started'>): SessionSummary {
  const { parentId, agent, title, metadata, model, workingDir } = blueprint
  return {
    sessionId,
    ...(parentId !== undefined && { parentId }),
    ...(agent !== undefined && { agent }),
    status: 'idle',
    title: title ?? '',
    metadata,
    model,
    workingDir,
    head: seq,
    turns: 0,
    usage: NO_USAGE,
    createdAt: at,
    updatedAt: at,
  }
}

/** The first line of a prompt, at most 80 UTF-16 units and never half a character; empty when it has no text. */
export function titleOf(input: readonly UserPart[]): string {
  const line = textOf({ parts: input }).trim().split('\n', 1)[0]!.trim()
  if (line.length <= 80) return line
  const cut = line.slice(0, 79)
  return `${isHighSurrogate(cut.charCodeAt(78)) ? cut.slice(0, -1) : cut.trimEnd()}…`
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}
