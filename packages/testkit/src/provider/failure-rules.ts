import assert from 'node:assert/strict'
import { isHalterError } from '@halter/core'
import type { ModelErrorKind } from '@halter/protocol'
import type { Rule } from '../rule.ts'
import { assertFailed, joined } from './checks.ts'
import { hear, type ProviderHarness } from './harness.ts'
import { sceneRule } from './scene-rule.ts'

const KINDS: readonly Exclude<ModelErrorKind, 'cancelled'>[] = [
  'auth',
  'invalid-request',
  'context-too-long',
  'rate-limited',
  'overloaded',
  'transient',
  'refused',
]

/** What a failed call looks like. */
export const failureRules: readonly Rule<ProviderHarness>[] = [
  ...KINDS.map((kind) =>
    sceneRule(`a failure of the kind "${kind}" is told as one`, [{ act: 'fail', kind }], async (open) => {
      const error = assertFailed(await hear(open), kind)
      assert(error.message.length > 10, `the message is "${error.message}"`)
    }),
  ),

  sceneRule(
    'when to come back is passed on',
    [{ act: 'fail', kind: 'rate-limited', retryAfterMs: 7_000 }],
    async (open) => assert.equal(assertFailed(await hear(open), 'rate-limited').retryAfterMs, 7_000),
  ),

  sceneRule(
    'a failed call is not tried again: that is the runtime’s to decide',
    [
      { act: 'fail', kind: 'overloaded' },
      { act: 'reply', reply: { text: ['Here I am.'] } },
    ],
    async (open) => {
      assertFailed(await hear(open), 'overloaded')
      // Time enough for a quick retry that nobody waits for.
      await new Promise((resolve) => setTimeout(resolve, 30))
      assert.equal(open.calls(), 1)
    },
  ),

  sceneRule(
    'a failure in the middle comes after what was said before it',
    [{ act: 'fail', kind: 'overloaded', afterText: 'So far so ' }],
    async (open) => {
      const heard = await hear(open)
      assertFailed(heard, 'overloaded')
      assert.equal(joined(heard.parts, 'text.delta'), 'So far so ')
      assert(!heard.parts.some(({ type }) => type === 'end'), 'the failed reply has an end')
    },
  ),

  sceneRule(
    'a reply that breaks off has no end, and may be asked for again',
    [{ act: 'break', text: 'So far so ' }],
    async (open) => {
      const { parts, failure } = await hear(open)
      assert.equal(joined(parts, 'text.delta'), 'So far so ')
      assert(!parts.some(({ type }) => type === 'end'), 'the broken reply has an end')
      if (failure === undefined) return
      if (!isHalterError(failure)) throw failure
      assert.equal(failure.kind, 'transient')
    },
  ),
]
