import type { MessageId, PendingEvent, SessionState } from '@halter/protocol'
import type { IdSource } from '../contracts/system.ts'
import { NOT_STARTED, UNKNOWN_OUTCOME } from '../turn/tool-answers.ts'

/**
 * The events that make a log whole again after a process died in a turn: an answer for every open call, and the terminal event.
 * Whatever prefix of a log this is asked for, its transcript can be sent to a model afterwards. No tool runs.
 */
export function repairEvents(state: SessionState, ids: IdSource): PendingEvent[] {
  const { turn } = state
  if (!turn) return []
  const { turnId } = turn
  const events: PendingEvent[] = []
  for (const { call, startedInput, answer } of state.openCalls.values()) {
    if (answer) continue
    const hasStarted = startedInput !== undefined
    events.push({
      type: 'toolCall.finished',
      turnId,
      callId: call.callId,
      outcome: hasStarted ? 'outcome-unknown' : 'not-started',
      messageId: ids.next('message'),
      parts: [{ kind: 'text', text: hasStarted ? UNKNOWN_OUTCOME : NOT_STARTED }],
    })
  }
  events.push(...pluginCallEnds(state, ids))
  events.push({
    type: 'turn.failed',
    turnId,
    reason: 'crashed',
    usage: turn.usage,
    error: {
      code: 'ERR_TURN_FAILED',
      message: 'This turn was cut off before its end could be recorded. Submit again to go on.',
    },
    retryable: true,
  })
  return events
}

/** The ends of the calls that plugins had under way: who made them is gone, so nobody goes on with them. */
export function pluginCallEnds(state: SessionState, ids: IdSource): PendingEvent[] {
  const messageId = (): MessageId => ids.next('message')
  const started = Array.from(state.pluginCalls.values(), ({ callId, plugin: by }): PendingEvent => ({
    type: 'toolCall.finished',
    turnId: state.turn!.turnId,
    callId,
    outcome: 'outcome-unknown',
    messageId: messageId(),
    parts: [{ kind: 'text', text: UNKNOWN_OUTCOME }],
    by,
  }))
  const asked = [...state.approvals.values()].flatMap(({ turnId, callId, name, input, by }): PendingEvent[] =>
    by === undefined
      ? []
      : [
          {
            type: 'toolCall.finished',
            turnId,
            callId,
            outcome: 'not-started',
            messageId: messageId(),
            parts: [{ kind: 'text', text: NOT_STARTED }],
            by,
            call: { name, input },
          },
        ],
  )
  return [...started, ...asked]
}
