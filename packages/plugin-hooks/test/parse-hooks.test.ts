import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Json } from '@halter/protocol'
import { parseHooks, type ParsedHooks } from '../src/parse-hooks.ts'

const source = { file: '/plugins/guards/hooks/hooks.json', layer: 'plugin' as const }

function parse(hooks: Json, ...[whole]: readonly Json[]): ParsedHooks {
  return parseHooks({ value: whole === undefined ? { hooks } : whole, source, dialect: 'claude' })
}

const command = { type: 'command', command: 'true' }

function categories({ warnings }: ParsedHooks): readonly string[] {
  return warnings.map(({ category }) => category)
}

test('handlers keep the order of events, groups and handlers, and say it in their ids', () => {
  const { handlers, warnings } = parse({
    PreToolUse: [{ hooks: [command, command] }, { matcher: 'Bash', hooks: [command] }],
    Stop: [{ hooks: [command] }],
  })
  expect(warnings).toEqual([])
  expect(handlers.map(({ id }) => id)).toEqual([
    '/plugins/guards/hooks/hooks.json:PreToolUse:0:0:0',
    '/plugins/guards/hooks/hooks.json:PreToolUse:0:0:1',
    '/plugins/guards/hooks/hooks.json:PreToolUse:0:1:0',
    '/plugins/guards/hooks/hooks.json:Stop:1:0:0',
  ])
})

test('the ids of a bundle begin with the bundle', () => {
  const plugin = {
    id: 'p1',
    name: 'p',
    root: '/p',
    dataDir: '/d',
    layout: 'claude' as const,
    allowedEnvVars: [],
    allowedHttpHosts: [],
  }
  const { handlers } = parseHooks({
    value: { hooks: { Stop: [{ hooks: [command] }] } },
    source: { ...source, plugin },
    dialect: 'claude',
  })
  expect(handlers[0]!.id).toBe('p1:Stop:0:0:0')
})

test('keys are read in snake_case and camelCase alike', () => {
  const snake = parse({
    Stop: [
      {
        hooks: [
          {
            type: 'agent',
            prompt: 'p',
            timeout_sec: 5,
            status_message: 's',
            allowed_tools: ['a'],
            max_turns: 3,
            on_failure: 'allow',
          },
          { type: 'http', url: 'http://x', allowed_env_vars: ['A'], async_rewake: true },
        ],
      },
    ],
  })
  const camel = parse({
    Stop: [
      {
        hooks: [
          {
            type: 'agent',
            prompt: 'p',
            timeoutSec: 5,
            statusMessage: 's',
            allowedTools: ['a'],
            maxTurns: 3,
            onFailure: 'allow',
          },
          { type: 'http', url: 'http://x', allowedEnvVars: ['A'], asyncRewake: true },
        ],
      },
    ],
  })
  expect(camel.handlers).toEqual(snake.handlers)
  expect(snake.handlers[0]).toMatchObject({
    timeoutMs: 5_000,
    statusMessage: 's',
    allowedTools: ['a'],
    maxTurns: 3,
    onFailure: 'allow',
  })
  expect(snake.handlers[1]).toMatchObject({ allowedEnvVars: ['A'], isAsync: true, asyncRewake: true })
})

test('a timeout is in seconds, "timeout" wins, and 0 is a timeout', () => {
  const of = (handler: Record<string, Json>): number =>
    parse({ Stop: [{ hooks: [handler] }] }).handlers[0]!.timeoutMs
  expect(of(command)).toBe(600_000)
  expect(of({ type: 'http', url: 'http://x' })).toBe(600_000)
  expect(of({ type: 'agent', prompt: 'p' })).toBe(60_000)
  expect(of({ type: 'prompt', prompt: 'p' })).toBe(30_000)
  expect(of({ ...command, timeout: 2, timeout_sec: 3 })).toBe(2_000)
  expect(of({ ...command, timeout_sec: 3 })).toBe(3_000)
  expect(of({ ...command, timeout: 0 })).toBe(0)
  expect(of({ ...command, timeout: 0.5 })).toBe(500)
  expect(of({ ...command, timeout: -1 })).toBe(600_000)
})

describe('what is wrong costs itself alone', () => {
  const good = { hooks: [command] }
  test.each([
    ['an unknown event', { Nope: [good], Stop: [good] }, 'unknown_event'],
    ['a second spelling of an event', { Stop: [good], stop: [good] }, 'duplicate_alias'],
    ['a matcher where nothing can be matched', { Stop: [{ matcher: 'Bash', ...good }] }, 'matcher_ignored'],
    ['a handler of an unknown type', { Stop: [{ hooks: [{ type: 'smoke' }, command] }] }, 'unknown_type'],
    [
      'a handler without its command',
      { Stop: [{ hooks: [{ type: 'command', command: ' ' }, command] }] },
      'missing_field',
    ],
    ['a handler without a type', { Stop: [{ hooks: [{ command: 'true' }, command] }] }, 'missing_field'],
    [
      'a function in a file',
      { Stop: [{ hooks: [{ type: 'function' }, { type: 'callback' }, command] }] },
      'sdk_only_backend',
    ],
    ['an unknown shell', { Stop: [{ hooks: [{ ...command, shell: 'fish' }, command] }] }, 'wrong_field'],
    ['a group without handlers', { Stop: [{ matcher: '' }, good] }, 'wrong_field'],
    ['an event that is no list', { PreToolUse: {}, Stop: [good] }, 'wrong_field'],
    ['a timeout that is no number', { Stop: [{ hooks: [{ ...command, timeout: '5' }] }] }, 'wrong_field'],
    ['a matcher that is no text', { PreToolUse: [{ matcher: 5, ...good }] }, 'invalid_matcher'],
    ['an event that never happens here', { WorktreeCreate: [good] }, 'never_dispatched'],
  ] as const)('%s', (_, hooks, category) => {
    const parsed = parse(hooks)
    expect(new Set(categories(parsed))).toEqual(new Set([category]))
    expect(parsed.handlers).toHaveLength(1)
    expect(parsed.warnings[0]!.source.file).toBe(source.file)
  })

  test.each([['text'], [42], [null], [[]]])('a file that holds %j', (value) => {
    const parsed = parse({}, value)
    expect(categories(parsed)).toEqual(['parse_error'])
    expect(parsed.handlers).toEqual([])
  })
})

test('the star, a blank and no matcher are the same: always', () => {
  const { handlers, warnings } = parse({
    PreToolUse: ['*', '', '  '].map((matcher) => ({ matcher, hooks: [command] })),
  })
  expect(warnings).toEqual([])
  expect(handlers.map(({ matcher }) => matcher)).toEqual([undefined, undefined, undefined])
})

test("events may stand at the top, and other keys of a file are nobody's business", () => {
  expect(parse({}, { Stop: [{ hooks: [command] }] }).handlers).toHaveLength(1)
  expect(
    parse({}, { description: 'x', permissions: {}, hooks: { Stop: [{ hooks: [command] }] } }).warnings,
  ).toEqual([])
})

test('async is taken as it is said', () => {
  const { handlers, warnings } = parse({
    Stop: [{ hooks: [{ ...command, async: true }, { ...command, asyncRewake: true }, command] }],
  })
  expect(warnings).toEqual([])
  expect(handlers.map(({ isAsync, asyncRewake }) => [isAsync, asyncRewake])).toEqual([
    [true, false],
    [true, true],
    [false, false],
  ])
})

test('no JSON breaks the reading of a file, and every handler that comes out can be asked', () => {
  const word = fc.constantFrom(
    'hooks',
    'PreToolUse',
    'Stop',
    'stop',
    'matcher',
    'type',
    'command',
    'prompt',
    'http',
    'agent',
    'timeout',
    'env',
    'if',
    '*',
    '(',
  )
  const { value } = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'medium' },
      word,
      fc.jsonValue() as fc.Arbitrary<Json>,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(word, tie('value'), { maxKeys: 4 }),
    ),
  }))
  fc.assert(
    fc.property(value, (whole) => {
      const { handlers, warnings } = parse({}, whole)
      for (const { id, event, timeoutMs } of handlers) {
        expect(id).toContain(event)
        expect(timeoutMs).toBeGreaterThanOrEqual(0)
      }
      for (const { message } of warnings) expect(message).not.toBe('')
    }),
  )
})
