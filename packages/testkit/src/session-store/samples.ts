import { randomUUID } from 'node:crypto'
import type { CommitBatch, NewSession } from '@halter/core'
import {
  EVENT_VERSIONS,
  NO_USAGE,
  type SessionBlueprint,
  type SessionId,
  type SessionSummary,
  type StoredEvent,
} from '@halter/protocol'

/** What a sample session may have of its own. */
export interface SampleOptions {
  readonly sessionId?: SessionId
  readonly commitId?: string
  readonly parentId?: SessionId
  readonly title?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly workingDir?: string
  readonly status?: SessionSummary['status']
  /** Milliseconds since the epoch. */
  readonly updatedAt?: number
  /** One user message each, after `session.started`. */
  readonly texts?: readonly string[]
}

/** An id that nothing else has. */
export function sampleId(): string {
  return randomUUID()
}

/** A valid new session: its blueprint's event, a message per text, and the summary of it. */
export function sampleSession(options: SampleOptions = {}): NewSession {
  const sessionId = options.sessionId ?? sampleId()
  const { texts = [] } = options
  return {
    sessionId,
    commitId: options.commitId ?? sampleId(),
    events: [startedEvent(sampleBlueprint(sessionId, options)), ...sampleEvents(sessionId, 1, texts)],
    summary: sampleSummary(sessionId, 1 + texts.length, options),
  }
}

/** A user message per text, as stored events with `seq` from `after + 1` on. */
export function sampleEvents(sessionId: SessionId, after: number, texts: readonly string[]): StoredEvent[] {
  return texts.map((text, index) => {
    const seq = after + 1 + index
    return {
      sessionId,
      seq,
      at: SAMPLE_TIME + seq,
      type: 'message.appended',
      v: EVENT_VERSIONS['message.appended'],
      message: { role: 'user', id: `message-${seq}`, at: SAMPLE_TIME + seq, parts: [{ kind: 'text', text }] },
    }
  })
}

/** A batch of one user message per text that goes on from `expectedHead`, under a commit id of its own. */
export function sampleBatch(
  sessionId: SessionId,
  expectedHead: number,
  texts: readonly string[] = ['hello'],
): CommitBatch {
  return { expectedHead, commitId: sampleId(), events: sampleEvents(sessionId, expectedHead, texts) }
}

/** A fork of `from` at `at` with its first own event, `session.forked`. */
export function sampleFork(
  from: SessionId,
  at: number,
  options: SampleOptions = {},
): NewSession & { readonly from: SessionId; readonly at: number } {
  const sessionId = options.sessionId ?? sampleId()
  const { texts = [] } = options
  const forked: StoredEvent = {
    sessionId,
    seq: at + 1,
    at: SAMPLE_TIME + at + 1,
    type: 'session.forked',
    v: EVENT_VERSIONS['session.forked'],
    from,
    atSeq: at,
    inheritedUsage: NO_USAGE,
  }
  return {
    sessionId,
    commitId: options.commitId ?? sampleId(),
    from,
    at,
    events: [forked, ...sampleEvents(sessionId, at + 1, texts)],
    summary: sampleSummary(sessionId, at + 1 + texts.length, options),
  }
}

/** A summary as a runtime would send it. */
export function sampleSummary(
  sessionId: SessionId,
  head: number,
  options: SampleOptions = {},
): SessionSummary {
  return {
    sessionId,
    ...(options.parentId !== undefined && { parentId: options.parentId }),
    status: options.status ?? 'idle',
    title: options.title ?? 'a sample',
    metadata: options.metadata ?? {},
    model: 'scripted/sample',
    workingDir: options.workingDir ?? '/samples',
    head,
    turns: 0,
    usage: NO_USAGE,
    createdAt: SAMPLE_TIME,
    updatedAt: options.updatedAt ?? SAMPLE_TIME,
  }
}

/** When samples happen: a moment in 2026, in milliseconds since the epoch. */
export const SAMPLE_TIME = Date.UTC(2026, 0, 1)

function sampleBlueprint(sessionId: SessionId, options: SampleOptions): SessionBlueprint {
  return {
    sessionId,
    ...(options.parentId !== undefined && { parentId: options.parentId }),
    depth: options.parentId === undefined ? 0 : 1,
    model: 'scripted/sample',
    workingDir: options.workingDir ?? '/samples',
    limits: {},
    metadata: options.metadata ?? {},
  }
}

function startedEvent(blueprint: SessionBlueprint): StoredEvent {
  return {
    sessionId: blueprint.sessionId,
    seq: 1,
    at: SAMPLE_TIME + 1,
    type: 'session.started',
    v: EVENT_VERSIONS['session.started'],
    blueprint,
  }
}
