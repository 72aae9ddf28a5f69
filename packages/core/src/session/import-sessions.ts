import { foldSummary, type SessionId, type SessionSummary, type StoredEvent } from '@halter/protocol'
import { HalterError, toErrorWire } from '../errors.ts'
import { EXPORT_VERSION } from './export-session.ts'
import type { Runtime } from './runtime.ts'

/**
 * Stores the sessions of an export, each whole or not at all, and returns their ids in the order of the export. What comes from
 * elsewhere is checked to the last key before anything of its session is stored.
 * @throws HalterError `ERR_SESSION_INPUT` naming the line; `ERR_SESSION_EXISTS`.
 */
export async function importSessions(
  runtime: Runtime,
  lines: AsyncIterable<string>,
): Promise<readonly SessionId[]> {
  const { parseStoredEvent } = await import('@halter/protocol/schema')
  const imported: SessionId[] = []
  let current: { readonly id: SessionId; readonly head: number; readonly events: StoredEvent[] } | undefined
  let number = 0
  const finish = async (): Promise<void> => {
    if (!current) return
    const { id, head, events } = current
    if (events.length !== head)
      throw wrong(
        number,
        `session ${id} should have ${head} events and has ${events.length}: the export is cut off`,
      )
    await store(runtime, id, events)
    imported.push(id)
  }
  for await (const line of lines) {
    number += 1
    if (line.trim() === '') continue
    const value = parseLine(line, number)
    if (isHeader(value)) {
      await finish()
      if (value.v !== EXPORT_VERSION)
        throw wrong(number, `the export has version ${value.v}; this halter reads ${EXPORT_VERSION}`)
      current = { id: value.sessionId, head: value.head, events: [] }
    } else if (current) {
      current.events.push(checked(value, current.events.length + 1, current.id, number))
    } else throw wrong(number, 'the first line must be an export header')
  }
  await finish()
  return imported

  function checked(value: unknown, seq: number, id: SessionId, line: number): StoredEvent {
    let event: StoredEvent
    try {
      event = parseStoredEvent(value)
    } catch (error) {
      throw wrong(line, toErrorWire(error).message)
    }
    if (event.seq !== seq) throw wrong(line, `seq ${event.seq} stands where ${seq} should`)
    if (event.sessionId !== id)
      throw wrong(line, `the event belongs to session ${event.sessionId}, not to ${id}`)
    return event
  }
}

interface Header {
  readonly v: number
  readonly sessionId: SessionId
  readonly head: number
}

function isHeader(value: unknown): value is Header {
  const header = value as Partial<Header> & { readonly type?: unknown }
  return (
    header.type === 'export.header' && typeof header.sessionId === 'string' && typeof header.head === 'number'
  )
}

function parseLine(line: string, number: number): unknown {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // falls through
  }
  throw wrong(number, 'it is not a JSON object')
}

async function store(runtime: Runtime, sessionId: SessionId, events: readonly StoredEvent[]): Promise<void> {
  const summary = events.reduce<SessionSummary | undefined>(foldSummary, undefined)
  if (!summary)
    throw new HalterError('ERR_SESSION_INPUT', `Session ${sessionId} of the export has no session.started.`)
  const commitId = runtime.service('ids').next('commit')
  await runtime.store.create({ sessionId, commitId, events, summary })
}

function wrong(line: number, what: string): HalterError {
  return new HalterError('ERR_SESSION_INPUT', `Line ${line} of the export cannot be imported: ${what}.`)
}
