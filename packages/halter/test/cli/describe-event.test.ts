import type { StoredEvent } from '@halter/protocol'
import { expect, test } from 'vitest'
import { describeEvent } from '../../src/cli/describe-event.ts'

const common = { sessionId: 's', seq: 1, at: 1, v: 1, turnId: 't', callId: 'c' } as const
const finished = { ...common, type: 'toolCall.finished', messageId: 'm', parts: [] } as const
const call = { name: 'read', input: { path: 'a.txt' } }

test.each<[string, StoredEvent]>([
  ['read a.txt', { ...common, type: 'toolCall.started', ...call }],
  ['read a.txt (for commands)', { ...common, type: 'toolCall.started', ...call, by: 'commands' }],
  ['ok', { ...finished, outcome: 'ok' }],
  ['ok (for commands)', { ...finished, outcome: 'ok', by: 'commands' }],
  [
    'denied read a.txt (for commands): no',
    { ...finished, outcome: 'denied', by: 'commands', call, parts: [{ kind: 'text', text: 'no' }] },
  ],
  [
    'read a.txt (for commands) (it reads)',
    { ...common, type: 'approval.requested', ...call, scope: 'read', reason: 'it reads', by: 'commands' },
  ],
])('a replay says whose call it is: %s', (text, event) => {
  expect(describeEvent(event)).toBe(text)
})
