import { EVENT_VERSIONS, type StoredEvent, type StoredEventType } from './events.ts'

/** An event as it may lie in an old log: of any type, version and payload. */
export type RawEvent = { readonly type: string; readonly v: number } & Readonly<Record<string, unknown>>
/** Brings the payload of one version to the next; the version itself is raised for it. */
export type Upcaster = (event: RawEvent) => RawEvent

/**
 * One step up: `type@v` to the payload of `v + 1`. Stored logs are never rewritten, so an entry here lives for as long as
 * logs do. Empty while every type is at version 1.
 */
export const UPCASTERS: ReadonlyMap<string, Upcaster> = new Map()

/**
 * An event as this code knows it, from one that may be older: each upcaster in turn, for as long as there is one. A newer or
 * unknown event comes back as it is; the fold marks the session read-only.
 */
export function upcast(event: RawEvent, upcasters: ReadonlyMap<string, Upcaster> = UPCASTERS): StoredEvent {
  let current = event
  for (;;) {
    const next = upcasters.get(`${current.type}@${current.v}`)
    if (!next) return current as unknown as StoredEvent
    current = { ...next(current), v: current.v + 1 }
  }
}

/**
 * Reads an event from its JSON text. Only what every reader relies on is checked (`type`, `v`, `seq`): stored rows were
 * checked when they were written. Use `@halter/protocol/schema` for text from elsewhere.
 * @throws SyntaxError when the text is no JSON; TypeError when it is no event.
 */
export function parseEvent(text: string): StoredEvent {
  const event = JSON.parse(text) as Partial<RawEvent> | null
  if (typeof event?.type !== 'string' || typeof event.v !== 'number' || typeof event['seq'] !== 'number')
    throw new TypeError(`not an event: ${text.length > 80 ? `${text.slice(0, 80)}…` : text}`)
  if (event.v === EVENT_VERSIONS[event.type as StoredEventType]) return event as unknown as StoredEvent
  return upcast(event as RawEvent)
}
