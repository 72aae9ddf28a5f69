import {
  EVENT_VERSIONS,
  NO_USAGE,
  type PendingEvent,
  type SessionId,
  type StoredEvent,
} from '@halter/protocol'
import { SAMPLE_TIME, sampleId, sampleSession } from '../session-store/samples.ts'

/** The log of a session of `turns` turns, with events of many kinds. `text` is said in each of them. */
export function sampleLog(
  options: { readonly sessionId?: SessionId; readonly turns?: number; readonly text?: string } = {},
) {
  const { sessionId = sampleId(), turns = 2, text = 'hello' } = options
  const { events: first } = sampleSession({ sessionId })
  const rest = Array.from({ length: turns }, (_, turn) => turnEvents(`turn-${turn + 1}`, text)).flat()
  const events = [...first, ...rest.map((event, index) => stamp(sessionId, first.length + 1 + index, event))]
  return { sessionId, events }
}

/** An event of a kind, and of a version, that no halter has had so far. */
export function unknownEvent(sessionId: SessionId, seq: number): StoredEvent {
  const event = { sessionId, seq, at: SAMPLE_TIME + seq, v: 99, type: 'moon.landed', crew: ['a', 'b'] }
  return event as unknown as StoredEvent
}

function turnEvents(turnId: string, text: string): PendingEvent[] {
  const parts = [{ kind: 'text', text }] as const
  const at = SAMPLE_TIME
  const from = { provider: 'scripted', model: 'sample' }
  const usage = { ...NO_USAGE, inputTokens: 3, outputTokens: 2 }
  return [
    { type: 'turn.started', turnId, generation: 1, revision: 'none', input: parts },
    { type: 'message.appended', turnId, message: { role: 'user', id: `${turnId}-u`, at, parts } },
    { type: 'usage.recorded', turnId, purpose: 'turn', model: 'scripted/sample', usage },
    {
      type: 'message.appended',
      turnId,
      message: { role: 'assistant', id: `${turnId}-a`, at, parts, from, stopReason: 'end' },
    },
    { type: 'notification.raised', kind: 'sample', message: text },
    { type: 'turn.completed', turnId, usage, reason: 'stop' },
  ]
}

function stamp(sessionId: SessionId, seq: number, event: PendingEvent): StoredEvent {
  return { sessionId, seq, at: SAMPLE_TIME + seq, v: EVENT_VERSIONS[event.type], ...event }
}
