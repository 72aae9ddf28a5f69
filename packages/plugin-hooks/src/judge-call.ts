import type { ToolCall } from '@halter/core'
import type { Json } from '@halter/protocol'
import { ask, matching } from './dispatch.ts'
import type { HookEventName } from './hook-events.ts'
import type { Moment } from './hook-services.ts'
import type { HookSession, JudgedCall } from './hook-session.ts'
import type { JsonObject } from './json.ts'
import { mergeAnswers, opinionOf, type Answer, type Merged } from './merge-answers.ts'
import type { Subject } from './subject.ts'
import { namesOfTool, toolInputIn, toolNameIn } from './tool-dialect.ts'

/** A call as handlers are asked about it. */
export function aboutCall(
  hooks: HookSession,
  event: HookEventName,
  call: ToolCall,
  more: (dialect: 'claude' | 'halter') => JsonObject = () => ({}),
): Subject {
  const { name, input, callId } = call
  const cwd = hooks.session.blueprint.workingDir
  const names = namesOfTool(name)
  return {
    event,
    names,
    callId,
    call,
    condition: { names, input, cwd },
    payload: (dialect) => ({
      tool_name: toolNameIn(dialect, name),
      tool_input: toolInputIn(dialect, { name, input }, cwd),
      tool_use_id: callId,
      ...more(dialect),
    }),
  }
}

/** What `PreToolUse` handlers come to in the end. */
export interface FinalRound {
  /** Everything that counts, in the handlers' order. */
  readonly merged: Merged
  /** Those that were asked only now. */
  readonly again: readonly Answer[]
}

/** Before the guards: every handler is asked, and the first that rewrites the input has its way. Undefined: none is meant. */
export async function firstRound(
  hooks: HookSession,
  call: ToolCall,
  moment: Moment,
): Promise<(JudgedCall & { readonly rewritten: ToolCall | undefined }) | undefined> {
  const subject = aboutCall(hooks, 'PreToolUse', call)
  const handlers = matching(hooks, subject)
  if (handlers.length === 0) return undefined
  const answers = await ask(hooks, subject, handlers, moment)
  const { updatedInput, verdict } = mergeAnswers(answers)
  const rewritten =
    updatedInput && verdict?.kind !== 'deny' ? { ...call, input: updatedInput.value } : undefined
  return { input: call.input, answers, rewritten }
}

/**
 * With the input as it will run: a handler that saw another one is asked again, unless it denied or made it what it is. A denial
 * stands, whatever somebody else made of the input.
 */
export async function finalRound(
  hooks: HookSession,
  call: ToolCall,
  before: JudgedCall | undefined,
  moment: Moment,
): Promise<FinalRound> {
  const subject = aboutCall(hooks, 'PreToolUse', call)
  const kept = before ? standing(before, call.input) : []
  const known = new Set(kept.map(({ handler }) => handler.id))
  const open = matching(hooks, subject).filter(({ handler }) => !known.has(handler.id))
  const again = await ask(hooks, subject, open, moment)
  const order = new Map(hooks.plan.handlers.map(({ handler }, index) => [handler.id, index]))
  const all = [...kept, ...again].toSorted((a, b) => place(order, a) - place(order, b))
  return { merged: { ...mergeAnswers(all), conflicts: conflictsOf(before, again, call.input) }, again }
}

/** Answers that hold for the input as it is now. */
function standing({ input, answers }: JudgedCall, now: Json): readonly Answer[] {
  const isSame = same(input, now)
  return answers.filter(
    (answer) =>
      isSame ||
      opinionOf(answer)?.kind === 'deny' ||
      (answer.updatedInput !== undefined && same(answer.updatedInput, now)),
  )
}

/** Rewrites that lost: those of the first round against each other, and those that came when nothing could be changed any more. */
function conflictsOf(
  before: JudgedCall | undefined,
  again: readonly Answer[],
  now: Json,
): Merged['conflicts'] {
  const first = before ? mergeAnswers(before.answers).conflicts : []
  const winner = before?.answers.find(({ updatedInput }) => updatedInput !== undefined)?.handler
  const late = again.filter(({ updatedInput }) => updatedInput !== undefined && !same(updatedInput, now))
  const told = new Set(first.map(({ loser }) => loser.id))
  return [
    ...first,
    ...late
      .filter(({ handler }) => !told.has(handler.id))
      .map(({ handler }) => ({ field: 'updated_input' as const, winner: winner ?? handler, loser: handler })),
  ]
}

function place(order: ReadonlyMap<string, number>, { handler }: Answer): number {
  return order.get(handler.id) ?? Infinity
}

function same(a: Json, b: Json): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
