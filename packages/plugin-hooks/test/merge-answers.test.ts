import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HandlerResult, HookHandler, HookOutput } from '../src/hook-handler.ts'
import type { HookEventName } from '../src/hook-events.ts'
import { mergeAnswers, opinionOf, type Answer } from '../src/merge-answers.ts'

function handler(
  index: number,
  more: Partial<HookHandler> = {},
  event: HookEventName = 'PreToolUse',
): HookHandler {
  return {
    id: `p:${event}:0:0:${index}`,
    type: 'command',
    command: 'true',
    shell: 'bash',
    env: {},
    event,
    timeoutMs: 1_000,
    isAsync: false,
    asyncRewake: false,
    once: false,
    source: { file: `/f${index}`, layer: 'plugin' },
    dialect: 'claude',
    ...more,
  } as HookHandler
}

function answer(
  output: HookOutput | undefined,
  result: Partial<HandlerResult> = {},
  index = 0,
  more: Partial<HookHandler> = {},
): Answer {
  return {
    handler: handler(index, more),
    result: { status: 'ok', durationMs: 1, ...(output && { output }), ...result },
  }
}

function permission(
  permissionDecision: 'allow' | 'deny' | 'ask' | 'passthrough' | 'defer',
  permissionDecisionReason?: string,
): HookOutput {
  return {
    hookSpecificOutput: {
      permissionDecision,
      ...(permissionDecisionReason !== undefined && { permissionDecisionReason }),
    },
  }
}

describe('what one answer says', () => {
  test.each<[string, Answer, object | undefined]>([
    ['nothing', answer(undefined), undefined],
    ['passthrough', answer(permission('passthrough')), undefined],
    ['defer', answer(permission('defer')), undefined],
    ['allow', answer(permission('allow', 'fine')), { kind: 'allow', reason: 'fine' }],
    [
      'ask',
      answer(permission('ask')),
      { kind: 'ask', reason: 'hook requested permission confirmation without explanation' },
    ],
    ['deny', answer(permission('deny', '  no  ')), { kind: 'deny', reason: 'no' }],
    [
      'deny in silence',
      answer(permission('deny', ' ')),
      { kind: 'deny', reason: 'hook denied permission without explanation' },
    ],
    ['block', answer({ decision: 'block', reason: 'no' }), { kind: 'deny', reason: 'no' }],
    [
      'block in silence',
      answer({ decision: 'block' }),
      { kind: 'deny', reason: 'hook blocked without explanation' },
    ],
    ['block beats its own allow', answer({ decision: 'block', ...permission('allow') }), { kind: 'deny' }],
    [
      'stop',
      answer({ continue: false, stopReason: 'enough', reason: 'x' }),
      { kind: 'deny', reason: 'enough', isStop: true },
    ],
    [
      'stop by its reason',
      answer({ continue: false, reason: 'x' }),
      { kind: 'deny', reason: 'x', isStop: true },
    ],
    [
      'stop in silence',
      answer({ continue: false }),
      { kind: 'deny', reason: 'hook requested stop', isStop: true },
    ],
    ['continue true', answer({ continue: true }), undefined],
    [
      'approve, the older word',
      answer({ decision: 'approve', reason: 'ok' }),
      { kind: 'allow', reason: 'ok' },
    ],
    [
      'exit code 2',
      answer(undefined, { status: 'blocked', stderr: 'stop it' }),
      { kind: 'deny', reason: 'stop it' },
    ],
    [
      'exit code 2 in silence',
      answer(undefined, { status: 'blocked' }),
      { kind: 'deny', reason: 'hook blocked without explanation' },
    ],
    [
      'exit code 2 beside an allow',
      answer(permission('allow'), { status: 'blocked', stderr: 'no' }),
      { kind: 'deny', reason: 'no' },
    ],
    [
      'exit code 2 with a reason of its own',
      answer({ decision: 'block', reason: 'mine' }, { status: 'blocked', stderr: 'no' }),
      { kind: 'deny', reason: 'mine' },
    ],
    ['a crash', answer(undefined, { status: 'failed', error: 'boom' }), { kind: 'deny', isFailure: true }],
    [
      'a timeout',
      answer(undefined, { status: 'timed-out', error: 'late' }),
      { kind: 'deny', isFailure: true },
    ],
    ['a cancellation', answer(undefined, { status: 'cancelled' }), { kind: 'deny', isFailure: true }],
    ['a crash that may pass', answer(undefined, { status: 'failed' }, 0, { onFailure: 'allow' }), undefined],
    [
      'a crash that asks',
      answer(undefined, { status: 'failed' }, 0, { onFailure: 'ask' }),
      { kind: 'ask', isFailure: true },
    ],
  ])('%s', (_, given, expected) => {
    const opinion = opinionOf(given)
    if (expected) expect(opinion).toMatchObject(expected)
    else expect(opinion).toBeUndefined()
  })

  test('the answer to a permission request counts, and may end the turn', () => {
    const decide = (decision: object): Answer => ({
      ...answer({ hookSpecificOutput: { decision } as never }),
      handler: handler(0, {}, 'PermissionRequest'),
    })
    expect(opinionOf(decide({ behavior: 'allow' }))).toEqual({ kind: 'allow', reason: '' })
    expect(opinionOf(decide({ behavior: 'deny', message: 'no', interrupt: true }))).toEqual({
      kind: 'deny',
      reason: 'no',
      isStop: true,
    })
  })

  test('what only looks decides nothing when it fails', () => {
    for (const event of ['PostToolUse', 'SessionStart', 'Notification', 'Stop', 'PreCompact'] as const)
      expect(
        opinionOf({ handler: handler(0, {}, event), result: { status: 'failed', durationMs: 0 } }),
      ).toBeUndefined()
  })
})

/** Any answer that a handler can give to PreToolUse. */
const anyAnswer: fc.Arbitrary<Answer> = fc
  .record({
    status: fc.constantFrom('ok', 'ok', 'ok', 'blocked', 'failed', 'timed-out', 'cancelled') as fc.Arbitrary<
      HandlerResult['status']
    >,
    permissionDecision: fc.constantFrom(undefined, 'allow', 'deny', 'ask', 'passthrough'),
    decision: fc.constantFrom(undefined, undefined, 'block', 'approve'),
    isStop: fc.boolean(),
    onFailure: fc.constantFrom(undefined, 'deny', 'ask', 'allow'),
    context: fc.constantFrom(undefined, '', ' a ', 'b'),
    updatedInput: fc.constantFrom(undefined, undefined, { command: 'a' }, { command: 'b' }),
    index: fc.nat(1_000_000),
  })
  .map(({ status, permissionDecision, decision, isStop, onFailure, context, updatedInput, index }) => ({
    handler: handler(index, onFailure && { onFailure: onFailure as 'deny' }),
    result: {
      status,
      durationMs: 0,
      output: {
        ...(isStop && { continue: false }),
        ...(decision && { decision: decision as 'block' }),
        hookSpecificOutput: {
          ...(permissionDecision && { permissionDecision: permissionDecision as 'allow' }),
          ...(context !== undefined && { additionalContext: context }),
        },
      },
    },
    ...(updatedInput && { updatedInput }),
  }))

const RANK = { deny: 3, ask: 2, allow: 1, none: 0 } as const

describe('laws of merging', () => {
  test('the strictest opinion wins, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(anyAnswer, { maxLength: 6 }), fc.infiniteStream(fc.nat()), (answers, random) => {
        const strictest = Math.max(0, ...answers.map((each) => RANK[opinionOf(each)?.kind ?? 'none']))
        const shuffled = answers
          .map((each) => ({ each, at: random.next().value as number }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ each }) => each)
        for (const order of [answers, answers.toReversed(), shuffled])
          expect(RANK[mergeAnswers(order).verdict?.kind ?? 'none']).toBe(strictest)
      }),
    )
  })

  test('one more opinion never makes the verdict milder', () => {
    fc.assert(
      fc.property(fc.array(anyAnswer, { maxLength: 5 }), anyAnswer, fc.nat(5), (answers, more, at) => {
        const before = RANK[mergeAnswers(answers).verdict?.kind ?? 'none']
        const after = RANK[mergeAnswers(answers.toSpliced(at, 0, more)).verdict?.kind ?? 'none']
        expect(after).toBeGreaterThanOrEqual(before)
      }),
    )
  })

  test('merging in parts is merging at once', () => {
    fc.assert(
      fc.property(
        fc.array(anyAnswer, { maxLength: 4 }),
        fc.array(anyAnswer, { maxLength: 4 }),
        (left, right) => {
          const kinds = [mergeAnswers(left), mergeAnswers(right)].map(
            ({ verdict }) => RANK[verdict?.kind ?? 'none'],
          )
          expect(RANK[mergeAnswers([...left, ...right]).verdict?.kind ?? 'none']).toBe(Math.max(...kinds))
        },
      ),
    )
  })

  test('of equals the first has its say, and every rewrite that lost is reported', () => {
    fc.assert(
      fc.property(fc.array(anyAnswer, { maxLength: 6 }), (answers) => {
        const { verdict, updatedInput, conflicts, contexts } = mergeAnswers(answers)
        const first = answers.find((each) => opinionOf(each)?.kind === verdict?.kind)
        if (verdict) expect(verdict.handler.id).toBe(first?.handler.id)
        const writers = answers.filter((each) => each.updatedInput !== undefined)
        expect(updatedInput?.value).toEqual(writers[0]?.updatedInput)
        const lost = writers
          .slice(1)
          .filter((each) => JSON.stringify(each.updatedInput) !== JSON.stringify(writers[0]?.updatedInput))
        expect(conflicts.map(({ loser }) => loser.id)).toEqual(lost.map((each) => each.handler.id))
        expect(contexts).toEqual(
          answers.flatMap(({ result }) => result.output?.hookSpecificOutput?.additionalContext?.trim() || []),
        )
      }),
    )
  })
})

test('long text of a handler is cut, and says so', () => {
  const { contexts } = mergeAnswers([
    answer({ hookSpecificOutput: { additionalContext: 'x'.repeat(20_000) } }),
  ])
  expect(contexts[0]).toHaveLength(10_000 + '\n[cut: 10000 more characters]'.length)
})

test('plain text is context where the event takes it, and a log everywhere else', () => {
  const say = (event: HookEventName): readonly string[] =>
    mergeAnswers([
      { handler: handler(0, {}, event), result: { status: 'ok', stdout: 'hello', durationMs: 0 } },
    ]).contexts
  expect(say('SessionStart')).toEqual(['hello'])
  expect(say('UserPromptSubmit')).toEqual(['hello'])
  expect(say('PostModelSwitch')).toEqual(['hello'])
  expect(say('PreToolUse')).toEqual([])
  expect(say('Stop')).toEqual([])
})
