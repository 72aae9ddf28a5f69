import { z } from 'zod'
import type { SessionBlueprint } from './blueprint.ts'
import type { ErrorWire } from './error.ts'
import { EVENT_VERSIONS, type StoredEvent } from './events.ts'
import type { LiveEvent } from './live.ts'
import type { Message } from './messages.ts'
import { liveEvent, storedEvent, storedEvents } from './schema/events.ts'
import { message } from './schema/messages.ts'
import { blueprint, error, summary } from './schema/session.ts'
import { described, usage } from './schema/values.ts'
import type { SessionSummary } from './summary.ts'
import { upcast, type RawEvent } from './upcast.ts'
import type { Usage } from './usage.ts'

/** Checks a {@link Usage}. Counts are whole and exact. */
export const usageSchema: z.ZodType<Usage> = usage
/** Checks a {@link Message}. */
export const messageSchema: z.ZodType<Message> = message
/** Checks an {@link ErrorWire}, its causes included. */
export const errorSchema: z.ZodType<ErrorWire> = error
/** Checks a {@link SessionBlueprint}. */
export const blueprintSchema: z.ZodType<SessionBlueprint> = blueprint
/** Checks a {@link SessionSummary}. */
export const summarySchema: z.ZodType<SessionSummary> = summary
/** Checks a {@link StoredEvent} of exactly the versions that this code writes; older ones go through {@link parseStoredEvent}. */
export const storedEventSchema: z.ZodType<StoredEvent> = storedEvent
/** Checks a {@link LiveEvent}. */
export const liveEventSchema: z.ZodType<LiveEvent> = liveEvent

/** What has a JSON Schema of its own. */
export type JsonSchemaName =
  | 'usage'
  | 'message'
  | 'error'
  | 'blueprint'
  | 'summary'
  | 'storedEvent'
  | 'liveEvent'

/**
 * JSON Schema (draft 2020-12) of everything that is stored or sent, each complete in itself. They say less than the schemas
 * above where JSON Schema cannot: that ranges ascend, and that a tool call has either `input` or `malformed`.
 */
export const jsonSchemas: Readonly<Record<JsonSchemaName, Readonly<Record<string, unknown>>>> = Object.freeze(
  {
    usage: jsonSchemaOf(usage),
    message: jsonSchemaOf(message),
    error: jsonSchemaOf(error),
    blueprint: jsonSchemaOf(blueprint),
    summary: jsonSchemaOf(summary),
    storedEvent: jsonSchemaOf(storedEvent),
    liveEvent: jsonSchemaOf(liveEvent),
  },
)

/**
 * An event out of a value from elsewhere, such as a line of an export: brought up to this code's version, then checked to the
 * last key. For rows of one's own store `parseEvent` of `@halter/protocol` is enough.
 * @throws TypeError naming the event and every key that is wrong, with zod's error as its `cause`.
 */
export function parseStoredEvent(value: unknown): StoredEvent {
  const raw = envelope.safeParse(value)
  if (!raw.success) throw refusal('a value', raw.error)
  const event = upcast(value as RawEvent)
  const name = `event ${raw.data.seq} ("${raw.data.type}", version ${raw.data.v})`
  if (event.v !== EVENT_VERSIONS[event.type])
    throw new TypeError(`${name} is not known to this version of halter. Update halter to read it.`)
  const schema: z.ZodType = storedEvents[event.type]
  const result = schema.safeParse(event)
  if (!result.success) throw refusal(name, result.error)
  return event
}

const envelope = z.looseObject({ type: z.string(), v: z.int(), seq: z.int() })

function refusal(what: string, cause: z.ZodError): TypeError {
  const issues = cause.issues.map(({ path, message }) => `${path.map(String).join('.') || 'it'}: ${message}`)
  return new TypeError(`${what} is not an event as it is stored. ${issues.join('; ')}`, { cause })
}

function jsonSchemaOf(schema: z.ZodType): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(schema, { metadata: described, unrepresentable: 'any' }) as Record<string, unknown>
}
