import type { HookRun, PendingEvent, StoredEvent } from '@halter/protocol'
import { expect, test } from 'vitest'
import { explain } from '../../src/cli/sessions-explain.ts'

const turnId = 'turn-1'

/** A log of these events, in their order. */
function log(...events: readonly PendingEvent[]): readonly StoredEvent[] {
  return events.map((event, index): StoredEvent => ({
    sessionId: 's',
    seq: index + 1,
    at: 0,
    v: 1,
    ...event,
  }))
}

function ran(run: Partial<HookRun>): PendingEvent {
  const full = {
    plugin: 'p',
    hook: '',
    handler: './guard.sh',
    status: 'completed',
    source: '/f.json',
    ...run,
  } as const
  return { type: 'hook.ran', turnId, run: full }
}

const call = { kind: 'toolCall', callId: 'c1', name: 'shell', input: { command: 'ls' } } as const
const reply: PendingEvent = {
  type: 'message.appended',
  turnId,
  message: {
    role: 'assistant',
    id: 'm',
    at: 0,
    parts: [call],
    stopReason: 'tool-calls',
    from: { provider: 'p', model: 'm' },
  },
}
const finished: PendingEvent = {
  type: 'toolCall.finished',
  turnId,
  callId: 'c1',
  outcome: 'ok',
  messageId: 'm2',
  parts: [{ kind: 'text', text: 'fine' }],
}

test('a call is explained by any of its events, and by its id: what the model wrote comes first', () => {
  const events = log(
    ran({ event: 'PreToolUse', callId: 'c1', status: 'asked', decision: 'ask', detail: 'sure?' }),
    ran({ event: 'PreToolUse', callId: 'other', status: 'denied' }),
    reply,
    {
      type: 'approval.requested',
      turnId,
      callId: 'c1',
      name: 'shell',
      input: {},
      scope: 'shell',
      reason: 'sure?',
      plugin: 'p',
    },
    { type: 'approval.resolved', callId: 'c1', answer: 'once', scope: 'shell', by: 'user' },
    { type: 'toolCall.started', turnId, callId: 'c1', name: 'shell', input: { command: 'ls' } },
    finished,
  )
  const explanation = explain(events, 'c1')
  expect(explanation?.steps.map(({ what }) => what)).toEqual([
    'the model called shell ls',
    'PreToolUse hook asked: sure?\nhandler ./guard.sh\nfile /f.json',
    'a yes was asked for, by p: sure?',
    'user answered once',
    'it ran as shell ls',
    'it ended: ok. The model read: fine',
  ])
  for (const seq of ['1', '4', '5', '6', '7']) expect(explain(events, seq)).toEqual(explanation)
})

test('a refused prompt is explained by the hooks of its turn that were about no call', () => {
  const events = log(
    ran({ event: 'UserPromptSubmit', status: 'denied', decision: 'deny', detail: 'no secrets' }),
    ran({ event: 'PreToolUse', callId: 'c1' }),
    { type: 'prompt.refused', turnId, reason: 'no secrets', plugin: 'p' },
  )
  expect(explain(events, '3')?.steps.map(({ seq }) => seq)).toEqual([1, 3])
})

test('a run of a handler says what it changed and what it told the user', () => {
  const events = log(
    ran({ event: 'PostToolUse', status: 'changed', patch: { result: { to: 'x' } }, message: 'Look out.' }),
  )
  expect(explain(events, '1')?.steps).toMatchObject([
    {
      what: 'PostToolUse hook changed\nhandler ./guard.sh\nfile /f.json\npatch {"result":{"to":"x"}}\nsaid "Look out."',
    },
  ])
})

test('what is not there is not explained', () => {
  expect(explain(log(reply), '9')).toBeUndefined()
  expect(explain(log(reply), 'c9')).toBeUndefined()
})
