import type { StoredEventType } from './events.ts'
import type { SessionId } from './ids.ts'
import type { SessionState, SessionStatus } from './state.ts'
import type { Usage } from './usage.ts'

/** What a list of sessions shows. Core folds it; a store keeps it beside the log, so listing reads no events. */
export interface SessionSummary {
  readonly sessionId: SessionId
  readonly parentId?: SessionId
  readonly agent?: string
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

const LISTED: ReadonlySet<StoredEventType> = new Set([
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
export function changesSummary(type: StoredEventType): boolean {
  return LISTED.has(type)
}

/** The summary of a state. */
export function summarize(state: SessionState): SessionSummary {
  const { blueprint } = state
  return {
    sessionId: blueprint.sessionId,
    ...(blueprint.parentId !== undefined && { parentId: blueprint.parentId }),
    ...(blueprint.agent !== undefined && { agent: blueprint.agent }),
    status: state.status,
    title: state.title ?? '',
    metadata: state.metadata,
    model: blueprint.model,
    workingDir: blueprint.workingDir,
    head: state.head,
    turns: state.turns,
    usage: state.usage.total,
    createdAt: state.createdAt,
    updatedAt: state.updatedAt,
  }
}
