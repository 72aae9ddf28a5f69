import { foldSummary, type SessionId, type SessionSummary, type StoredEvent } from '@halter/protocol'
import { HalterError, isHalterError, toErrorWire } from '../errors.ts'
import { EXPORT_VERSION } from './export-session.ts'
import type { Runtime } from './runtime.ts'
import { blobIn } from './whole-parts.ts'

/** What has come of one session so far. */
interface Incoming {
  readonly id: SessionId
  /** How many events its header promises. */
  readonly head: number
  readonly events: StoredEvent[]
}

/**
 * Stores the sessions of an export, each whole or not at all, and returns their ids in the order of the export. What comes from
 * elsewhere is checked to the last key before anything of its session is stored.
 * @throws HalterError `ERR_SESSION_INPUT` naming the line; `ERR_SESSION_EXISTS`. `data.stored` has the ids of the sessions that are stored
 * already; they stay.
 */
export async function importSessions(
  runtime: Runtime,
  lines: AsyncIterable<string>,
): Promise<readonly SessionId[]> {
  const imported: SessionId[] = []
  try {
    await importInto(imported, runtime, lines)
    return imported
  } catch (error) {
    throw withStored(error, imported)
  }
}

async function importInto(
  imported: SessionId[],
  runtime: Runtime,
  lines: AsyncIterable<string>,
): Promise<void> {
  const { parseStoredEvent } = await import('@halter/protocol/schema')
  let current: Incoming | undefined
  let number = 0
  for await (const line of lines) {
    number += 1
    if (line.trim() === '') continue
    const value = parseLine(line, number)
    if (isHeader(value)) {
      if (current) imported.push(await store(runtime, current, number))
      current = begin(value, number)
    } else if (current) takeEvent(current, parse(parseStoredEvent, value, number), number)
    else throw wrong(number, 'the first line must be an export header')
  }
  if (current) imported.push(await store(runtime, current, number))
}

/** What went wrong, and what of the export is stored nevertheless. */
function withStored(error: unknown, stored: readonly SessionId[]): HalterError {
  const known = isHalterError(error) ? error : undefined
  const { message } = toErrorWire(error)
  const kept = stored.length === 0 ? 'Nothing of it was stored.' : `Stored before that: ${stored.join(', ')}.`
  return new HalterError(known?.code ?? 'ERR_SESSION_INPUT', `${message} ${kept}`, {
    cause: error,
    retryable: known?.retryable,
    data: { ...known?.data, stored },
  })
}

interface Header {
  readonly type: 'export.header'
  readonly v?: unknown
  readonly sessionId?: unknown
  readonly head?: unknown
}

function isHeader(value: object): value is Header {
  return (value as { readonly type?: unknown }).type === 'export.header'
}

function begin({ v, sessionId, head }: Header, line: number): Incoming {
  if (v !== EXPORT_VERSION)
    throw wrong(line, `the export has version ${String(v)}; this halter reads ${EXPORT_VERSION}`)
  if (typeof sessionId !== 'string' || sessionId === '' || !Number.isSafeInteger(head) || Number(head) < 1)
    throw wrong(line, 'a header needs the id of its session and a head of 1 or more')
  return { id: sessionId, head: Number(head), events: [] }
}

function parseLine(line: string, number: number): object {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // falls through
  }
  throw wrong(number, 'it is not a JSON object')
}

function parse(parseEvent: (value: unknown) => StoredEvent, value: unknown, line: number): StoredEvent {
  try {
    return parseEvent(value)
  } catch (error) {
    throw wrong(line, toErrorWire(error).message)
  }
}

function takeEvent({ id, head, events }: Incoming, event: StoredEvent, line: number): void {
  const seq = events.length + 1
  if (event.sessionId !== id)
    throw wrong(line, `the event belongs to session ${event.sessionId}, not to ${id}`)
  if (event.seq !== seq) throw wrong(line, `seq ${event.seq} stands where ${seq} should`)
  if (seq > head) throw wrong(line, `session ${id} should have ${head} events, and this is one more`)
  if (seq === 1 && event.type !== 'session.started')
    throw wrong(line, `session ${id} begins with ${event.type}, not with session.started`)
  const blob = blobIn(event)
  if (blob) throw wrong(line, `it refers to a large part (sha256 ${blob.sha256}) that is not in the export`)
  events.push(event)
}

async function store(runtime: Runtime, { id, head, events }: Incoming, line: number): Promise<SessionId> {
  if (events.length !== head)
    throw wrong(
      line,
      `session ${id} should have ${head} events and has ${events.length}: the export is cut off`,
    )
  const summary = events.reduce<SessionSummary | undefined>(foldSummary, undefined)!
  const commitId = runtime.service('ids').next('commit')
  await runtime.store.create({ sessionId: id, commitId, events, summary })
  return id
}

function wrong(line: number, what: string): HalterError {
  return new HalterError('ERR_SESSION_INPUT', `Line ${line} of the export cannot be imported: ${what}.`)
}
