import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseHookOutput } from '../src/hook-output.ts'

test.each([
  ['', { kind: 'nothing' }],
  [' \n ', { kind: 'nothing' }],
  ['all good', { kind: 'text', text: 'all good' }],
  ['[1]', { kind: 'text', text: '[1]' }],
  ['{}', { kind: 'output', output: {} }],
  [
    '{"decision":"block","reason":"r","other":1}',
    { kind: 'output', output: { decision: 'block', reason: 'r' } },
  ],
  [
    '{"continue":false,"stopReason":"s","suppressOutput":true,"systemMessage":"m"}',
    {
      kind: 'output',
      output: { continue: false, stopReason: 's', suppressOutput: true, systemMessage: 'm' },
    },
  ],
  ['{"decision":null,"reason":null,"hookSpecificOutput":null}', { kind: 'output', output: {} }],
  ['{"ok":true}', { kind: 'output', output: {} }],
  ['{"ok":false,"reason":"not done"}', { kind: 'output', output: { decision: 'block', reason: 'not done' } }],
  [
    '{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"allow","updatedInput":{"a":null},"additionalContext":"c"}}',
    {
      kind: 'output',
      output: {
        hookSpecificOutput: {
          hookEventName: 'PreToolUse',
          permissionDecision: 'allow',
          updatedInput: { a: null },
          additionalContext: 'c',
        },
      },
    },
  ],
  [
    '{"hookSpecificOutput":{"updatedToolOutput":null}}',
    { kind: 'output', output: { hookSpecificOutput: { updatedToolOutput: null } } },
  ],
  [
    '{"hookSpecificOutput":{"decision":{"behavior":"deny","message":"m","interrupt":true,"updatedPermissions":[]}}}',
    {
      kind: 'output',
      output: { hookSpecificOutput: { decision: { behavior: 'deny', message: 'm', interrupt: true } } },
    },
  ],
] as const)('%j', (text, expected) => {
  expect(parseHookOutput(text)).toEqual(expected)
})

test.each([
  '{"decision":',
  '{"decision":"blok"}',
  '{"decision":true}',
  '{"continue":"false"}',
  '{"hookSpecificOutput":[]}',
  '{"hookSpecificOutput":{"permissionDecision":"DENY"}}',
  '{"hookSpecificOutput":{"decision":{}}}',
  '{"hookSpecificOutput":{"watchPaths":[1]}}',
])('%j is meant as an answer and is none, which is not the same as no opinion', (text) => {
  expect(parseHookOutput(text)).toMatchObject({ kind: 'invalid', problem: expect.any(String) })
})

test('no text breaks it, and what comes out has no key that was not asked for', () => {
  const known = new Set([
    'continue',
    'stopReason',
    'suppressOutput',
    'systemMessage',
    'decision',
    'reason',
    'hookSpecificOutput',
  ])
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const parsed = parseHookOutput(text)
      if (parsed.kind === 'output')
        expect(Object.keys(parsed.output).every((key) => known.has(key))).toBe(true)
      else expect(['nothing', 'text', 'invalid']).toContain(parsed.kind)
    }),
  )
})
