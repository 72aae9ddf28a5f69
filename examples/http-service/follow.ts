import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SessionRuntime } from '@halter/core'
import type { SessionEvent } from '@halter/protocol'
import type { Exchange } from './routes.ts'

/** How long a reader may take for what it was sent. Milliseconds. */
const PATIENCE_MS = 10_000
/** How often a session that another process runs is looked at. Milliseconds. */
const LOOK_MS = 200

/**
 * Server-sent events from a cursor on: `Last-Event-ID`, or `?after`. Stored events have their number as id, so a reader that comes back, here or
 * at another process, goes on where it was. One that does not keep up is let go, and comes back.
 */
export async function follow({ runtime, request, response, leaving }: Exchange, id: string): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  const after = Number(request.headers['last-event-id'] ?? url.searchParams.get('after') ?? 0) || 0
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const signal = AbortSignal.any([gone.signal, leaving])
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  try {
    for await (const event of events(runtime, id, { after, signal })) await send(response, event)
  } catch (error) {
    if (!signal.aborted) throw error
  }
  response.end()
}

/** Stored events from the log, wherever it grows; and those that are only shown, where this process runs the session. */
async function* events(
  runtime: SessionRuntime,
  id: string,
  { after, signal }: { after: number; signal: AbortSignal },
): AsyncGenerator<SessionEvent> {
  const listening = runtime.events.subscribe({ signal, onSlow: 'close', capacity: 4_096 })
  const live = listening[Symbol.asyncIterator]()
  let next = live.next()
  let head = after
  while (!signal.aborted) {
    for await (const event of runtime.replay(id, { after: head })) {
      head = event.seq
      yield event
    }
    for (;;) {
      const heard = await Promise.race([next, sleep(LOOK_MS, undefined, { signal })])
      if (!heard) break
      if (heard.done) return
      next = live.next()
      const { value: event } = heard
      if (!('sessionId' in event) || event.sessionId !== id) continue
      if (!('seq' in event)) yield event
      else if (event.seq > head + 1) break
      else if (event.seq > head) {
        head = event.seq
        yield event
      }
    }
  }
}

async function send(response: ServerResponse, event: SessionEvent): Promise<void> {
  const id = 'seq' in event ? `id: ${event.seq}\n` : ''
  const isTaken = response.write(`${id}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  if (!isTaken) await once(response, 'drain', { signal: AbortSignal.timeout(PATIENCE_MS) })
}
