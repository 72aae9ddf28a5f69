import type { SessionId } from '@halter/protocol'

/** What a process under fault says of what it does: one of these per line, as JSON, written before it goes on. */
export type Statement =
  /** It is about to append events after `after`; 0 makes the session. Digests are those of `digestOf`. */
  | readonly ['try', sessionId: SessionId, after: number, digests: readonly number[]]
  /** It is about to make a fork, which begins with events 1 to `at` of another session. */
  | readonly ['fork', sessionId: SessionId, from: SessionId, at: number, digests: readonly number[]]
  /** The store acknowledged. */
  | readonly ['done', sessionId: SessionId, head: number]
  /** The store refused, with the code of a `HalterError`. */
  | readonly ['refused', sessionId: SessionId, code: string]
  | readonly ['delete', sessionId: SessionId]
  | readonly ['deleted', sessionId: SessionId]
  /** A subscriber was shown a stored event. */
  | readonly ['seen', sessionId: SessionId, seq: number]
  /** A tool has had its effect. */
  | readonly ['effect', callId: string]
  /** A model has streamed something. */
  | readonly ['delta']
  /** A small value is about to be kept, or is. */
  | readonly ['keep', key: string, value: number]
  | readonly ['kept', key: string, value: number]
  /** The process found something that must not be. */
  | readonly ['problem', text: string]

/** The statement of a line; undefined for one that a kill cut short. */
export function parseStatement(line: string): Statement | undefined {
  try {
    return JSON.parse(line) as Statement
  } catch {
    return undefined
  }
}
