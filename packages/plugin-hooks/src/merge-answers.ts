import type { Json } from '@halter/protocol'
import { factsOf, type HookEventName } from './hook-events.ts'
import type { HandlerResult, HookHandler, HookOutput } from './hook-handler.ts'

/** What one handler came to. */
export interface Answer {
  readonly handler: HookHandler
  readonly result: HandlerResult
  /** What it replaces the tool's input with, as the tool takes it. */
  readonly updatedInput?: Json
  /** What it replaces a tool's result with. */
  readonly updatedOutput?: Json
}

/** What a handler thinks of what is about to happen. */
export interface Opinion {
  readonly kind: 'deny' | 'ask' | 'allow'
  readonly reason: string
  /** It said `continue: false`: more is to end than this. */
  readonly isStop?: true
  /** It said nothing; this is what its failure comes to. */
  readonly isFailure?: true
}

/** An opinion, and whose it is. */
export interface Judged extends Opinion {
  readonly handler: HookHandler
}

/** Two handlers that replace the same thing by different ones. */
export interface RewriteConflict {
  readonly field: 'updated_input' | 'updated_output'
  readonly winner: HookHandler
  readonly loser: HookHandler
}

/** A value that a handler put in place of another. */
export interface Rewrite {
  readonly value: Json
  readonly handler: HookHandler
}

/** What all handlers of one moment came to together. */
export interface Merged {
  /** The strictest; of equals the first. */
  readonly verdict?: Judged
  /** The first `continue: false`. */
  readonly stop?: Judged
  readonly updatedInput?: Rewrite
  readonly updatedOutput?: Rewrite
  readonly conflicts: readonly RewriteConflict[]
  /** Text for the model, in order. */
  readonly contexts: readonly string[]
  /** Text for the user, in order. */
  readonly messages: readonly string[]
  /** Files whose changes handlers want to be told of. */
  readonly watchPaths: readonly string[]
  /** `PermissionDenied`: somebody says that the model may try again. */
  readonly mayRetry: boolean
}

const RANK = { deny: 3, ask: 2, allow: 1 } as const

/** Longer text than this of one handler is cut: Claude Code's limit. UTF-16 units. */
const MAX_TEXT = 10_000

/**
 * What several answers come to: deny > ask > allow. Answers are in the handlers' order; how fast one was changes nothing. Where two
 * replace the same thing, the first counts and the other is reported.
 */
export function mergeAnswers(answers: readonly Answer[]): Merged {
  let verdict: Judged | undefined
  let stop: Judged | undefined
  for (const answer of answers) {
    const opinion = opinionOf(answer)
    if (!opinion) continue
    const judged = { ...opinion, handler: answer.handler }
    if (!verdict || RANK[judged.kind] > RANK[verdict.kind]) verdict = judged
    if (judged.isStop) stop ??= judged
  }
  const conflicts: RewriteConflict[] = []
  const updatedInput = firstRewrite(answers, 'updatedInput', conflicts)
  const updatedOutput = firstRewrite(answers, 'updatedOutput', conflicts)
  return {
    ...(verdict && { verdict }),
    ...(stop && { stop }),
    ...(updatedInput && { updatedInput }),
    ...(updatedOutput && { updatedOutput }),
    conflicts,
    contexts: answers.flatMap((answer) => contextOf(answer) ?? []),
    messages: answers.flatMap(({ result }) => clip(result.output?.systemMessage) ?? []),
    watchPaths: answers.flatMap(({ result }) => result.output?.hookSpecificOutput?.watchPaths ?? []),
    mayRetry: answers.some(({ result }) => result.output?.hookSpecificOutput?.retry === true),
  }
}

/** What an answer says of what is about to happen; undefined: nothing. Within one answer, too, the strictest counts. */
export function opinionOf({ handler, result }: Answer): Opinion | undefined {
  const { onFailure } = factsOf(handler.event)
  if (result.status === 'cancelled')
    return onFailure && { kind: 'deny', reason: 'the hook was cancelled', isFailure: true }
  if (result.status === 'failed' || result.status === 'timed-out') return failure(handler, result)
  const said = result.output ? wordsOf(handler.event, result.output, handler) : undefined
  if (result.status !== 'blocked') return said
  // An exit code of 2 cannot be taken back by what is printed beside it.
  return said?.kind === 'deny'
    ? said
    : { kind: 'deny', reason: clip(result.stderr) ?? silentBlock(handler.event) }
}

const STOPPED = 'hook requested stop'
const BLOCKED = 'hook blocked without explanation'
const DENIED = 'hook denied permission without explanation'
const ASKED = 'hook requested permission confirmation without explanation'

/** What a block says that gives no reason; of a turn's end it is what the model reads next. */
function silentBlock(event: HookEventName): string {
  return event === 'Stop' || event === 'SubagentStop' ? 'Continue.' : BLOCKED
}

function failure(handler: HookHandler, { error }: HandlerResult): Opinion | undefined {
  const kind = handler.onFailure ?? factsOf(handler.event).onFailure
  if (kind === undefined || kind === 'allow') return undefined
  const reason = `a hook that must answer failed: ${error ?? 'it gave no reason'} (${handler.source.file}). Its "onFailure" can say otherwise.`
  return { kind, reason, isFailure: true }
}

function wordsOf(event: HookEventName, output: HookOutput, handler: HookHandler): Opinion | undefined {
  const { hookSpecificOutput: specific } = output
  const own = specific?.permissionDecisionReason
  if (output.continue === false)
    return { kind: 'deny', reason: firstOf(output.stopReason, output.reason) ?? STOPPED, isStop: true }
  if (output.decision === 'block')
    return { kind: 'deny', reason: firstOf(output.reason, own) ?? silentBlock(event) }
  const answer = specific?.decision
  if (answer)
    return answer.behavior === 'deny'
      ? { kind: 'deny', reason: firstOf(answer.message) ?? DENIED, ...(answer.interrupt && { isStop: true }) }
      : { kind: 'allow', reason: firstOf(answer.message) ?? '' }
  switch (specific?.permissionDecision) {
    case 'deny':
      return { kind: 'deny', reason: firstOf(own, output.reason) ?? DENIED }
    case 'ask':
      return { kind: 'ask', reason: firstOf(own, output.reason) ?? ASKED }
    case 'allow':
      return { kind: 'allow', reason: firstOf(own, output.reason) ?? '' }
    default:
  }
  // The older words of Claude Code for `allow`; they never meant more than the call at hand.
  if (output.decision === 'approve' && event === 'PreToolUse' && handler.dialect === 'claude')
    return { kind: 'allow', reason: firstOf(output.reason) ?? '' }
  return undefined
}

/** Blank is absent; what is kept is trimmed and bounded. */
function firstOf(...texts: readonly (string | undefined)[]): string | undefined {
  return texts.map(clip).find((text) => text !== undefined)
}

function firstRewrite(
  answers: readonly Answer[],
  field: 'updatedInput' | 'updatedOutput',
  conflicts: RewriteConflict[],
): Rewrite | undefined {
  let first: Rewrite | undefined
  for (const answer of answers) {
    const value = answer[field]
    if (value === undefined) continue
    if (!first) first = { value, handler: answer.handler }
    else if (JSON.stringify(value) !== JSON.stringify(first.value))
      conflicts.push({
        field: field === 'updatedInput' ? 'updated_input' : 'updated_output',
        winner: first.handler,
        loser: answer.handler,
      })
  }
  return first
}

function contextOf({ handler, result }: Answer): string | undefined {
  const said = clip(result.output?.hookSpecificOutput?.additionalContext)
  if (said !== undefined || result.output || result.status !== 'ok') return said
  return factsOf(handler.event).plainTextIsContext ? clip(result.stdout) : undefined
}

/** Trimmed and bounded; blank is absent. */
export function clip(text: string | undefined): string | undefined {
  const trimmed = text?.trim()
  if (!trimmed) return undefined
  return trimmed.length > MAX_TEXT
    ? `${trimmed.slice(0, MAX_TEXT)}\n[cut: ${trimmed.length - MAX_TEXT} more characters]`
    : trimmed
}
