import type { Json, ToolCallId } from '@halter/protocol'
import type { ConditionSubject } from './condition.ts'
import type { HookEventName } from './hook-events.ts'
import type { Dialect } from './hook-handler.ts'
import type { JsonObject } from './json.ts'

/** Something that happened, or is about to, as handlers are asked about it. */
export interface Subject {
  readonly event: HookEventName
  /** What matchers are tested against: any of these. Empty: the event has nothing to match. */
  readonly names: readonly string[]
  /** The event's own part of the payload. */
  payload(dialect: Dialect): JsonObject
  readonly callId?: ToolCallId
  /** The tool call that it is about. */
  readonly call?: { readonly name: string; readonly input: Json }
  readonly condition?: ConditionSubject
  /** How long the model is shown what handlers add. Default: until the turn ends. */
  readonly scope?: 'turn' | 'session'
}

/** A subject that looks the same to every handler. */
export function observed(
  event: HookEventName,
  names: readonly string[],
  payload: JsonObject,
  scope?: 'turn' | 'session',
): Subject {
  return { event, names, payload: () => payload, ...(scope && { scope }) }
}
