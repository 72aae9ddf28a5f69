import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json, StoredEvent } from '@halter/protocol'
import { defineHook, type HookDefinition } from '../src/index.ts'
import type { HookOutput } from '../src/hook-handler.ts'
import { openPlace, recorder, shellScript } from './place.ts'

/** What one handler says, and how long it takes to. */
interface Timed {
  readonly name: string
  readonly answer: 'nothing' | 'allow' | 'ask' | 'deny' | 'block' | 'context' | 'message' | 'failure'
  readonly delayMs: number
}

const REASONS: Readonly<Record<Timed['answer'], (name: string) => HookOutput | undefined>> = {
  nothing: () => undefined,
  allow: () => ({ hookSpecificOutput: { permissionDecision: 'allow' } }),
  ask: () => ({ hookSpecificOutput: { permissionDecision: 'ask', permissionDecisionReason: 'sure?' } }),
  deny: () => ({ hookSpecificOutput: { permissionDecision: 'deny', permissionDecisionReason: 'no' } }),
  block: () => ({ decision: 'block', reason: 'no' }),
  context: (name) => ({ hookSpecificOutput: { additionalContext: `context of ${name}` } }),
  message: (name) => ({ systemMessage: `message of ${name}` }),
  failure: () => {
    throw new Error('boom')
  },
}

function hookOf({ name, answer, delayMs }: Timed): HookDefinition {
  const run = async (): Promise<HookOutput | undefined> => {
    await new Promise((resolve) => setTimeout(resolve, delayMs))
    return REASONS[answer](name)
  }
  return defineHook('PreToolUse', run, { name, onFailure: 'allow' })
}

/** The log of a turn in which these are asked. */
async function logOf(handlers: readonly Timed[]): Promise<readonly StoredEvent[]> {
  const place = await openPlace({
    hooks: { functions: handlers.map(hookOf) },
    script: shellScript('x'),
    init: { tools: [recorder('shell')], approve: () => 'once', workingDir: '/' },
  })
  await place.session.submitTurn('go').result
  const events = await place.events()
  await place.runtime.shutdown({ drainMs: 0 })
  return events
}

/** What is left of an event without its place and time: what happened. */
function bare({ seq: _seq, at: _at, ...event }: StoredEvent): Json {
  const text = JSON.stringify(event, (key, value: Json) =>
    key === 'durationMs' || key === 'at' ? undefined : value,
  )
  // The handlers' numbers are their places: order is what is permuted.
  return JSON.parse(
    text.replace(/<function:(\w+):\d+>/g, '<function:$1>').replace(/segment-\d+/g, 'segment'),
  ) as Json
}

function outcomeOf(events: readonly StoredEvent[]): Json {
  const finished = events.find((event) => event.type === 'toolCall.finished')
  const asked = events.some((event) => event.type === 'approval.requested')
  return { outcome: finished?.type === 'toolCall.finished' ? finished.outcome : null, asked }
}

const anyHandlers = fc
  .array(
    fc.record({
      answer: fc.constantFrom(...(Object.keys(REASONS) as Timed['answer'][])),
      delayMs: fc.constantFrom(0, 0, 1, 5, 12),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((all) => all.map((each, index) => ({ ...each, name: `h${index}` })))

test('how long handlers take changes nothing: same decision, same log', async () => {
  await fc.assert(
    fc.asyncProperty(
      anyHandlers,
      fc.array(fc.constantFrom(0, 1, 4, 9), { minLength: 5, maxLength: 5 }),
      async (handlers, delays) => {
        const retimed = handlers.map((handler, index) => ({ ...handler, delayMs: delays[index]! }))
        expect((await logOf(retimed)).map(bare)).toEqual((await logOf(handlers)).map(bare))
      },
    ),
    { numRuns: 25 },
  )
})

test('in which order handlers stand changes no decision, and nothing of what is recorded but the order', async () => {
  await fc.assert(
    fc.asyncProperty(anyHandlers, fc.infiniteStream(fc.nat()), async (handlers, random) => {
      const permuted = handlers
        .map((handler) => ({ handler, at: random.next().value as number }))
        .toSorted((a, b) => a.at - b.at)
        .map(({ handler }) => handler)
      const [one, other] = [await logOf(handlers), await logOf(permuted)]
      expect(outcomeOf(other)).toEqual(outcomeOf(one))
      // Whose word a denial is depends on the order among equals; what each handler did does not.
      const done = (events: readonly StoredEvent[]): Json[] =>
        events
          .filter(({ type }) => ['hook.ran', 'context.injected', 'notification.raised'].includes(type))
          .map(bare)
      const sorted = (all: readonly Json[]): string[] => all.map((each) => JSON.stringify(each)).toSorted()
      expect(sorted(done(other))).toEqual(sorted(done(one)))
    }),
    { numRuns: 25 },
  )
})

test('handlers of one event run side by side: ten slow ones take as long as one', async () => {
  const startedAt = performance.now()
  await logOf(
    Array.from({ length: 10 }, (_, index) => ({ name: `h${index}`, answer: 'nothing', delayMs: 200 })),
  )
  expect(performance.now() - startedAt).toBeLessThan(1_500)
})
