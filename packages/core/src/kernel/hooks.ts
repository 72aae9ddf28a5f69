import { AsyncParallelHook, AsyncSeriesBailHook, AsyncSeriesWaterfallHook } from 'tapable'
import type { HookName, Hooks } from '../contracts/hooks.ts'
import type { HookCall } from './hook-call.ts'

/** What a tap is to its hook. */
export type HookKind = Hooks[HookName]['kind']

/**
 * What a failing tap comes to. `throw`: whoever called the hook gets the error. `deny`: the guard has said no. `warn`: a
 * warning, and everything goes on as if the tap had not been there.
 */
export type FailureRule = 'throw' | 'deny' | 'warn'

/** The kind of value that a field must hold. */
export type FieldKind = 'string' | 'number' | 'boolean' | 'array' | 'object'

/** All the kernel knows of a hook. */
export interface HookRule {
  readonly kind: HookKind
  readonly onFailure: FailureRule
  /** Fields that what a transform returns must have. */
  readonly fields?: Readonly<Record<string, FieldKind>>
  /** Fields that no transform may change: others have already been told of them. */
  readonly fixed?: readonly string[]
  /** Milliseconds: no tap of this hook gets longer, whatever its own deadline. */
  readonly atMostMs?: number
}

const look = { kind: 'observe', onFailure: 'warn' } as const
/** Somebody who leaves waits for these. */
const farewell = { ...look, atMostMs: 1_000 } as const
const permit = { kind: 'guard', onFailure: 'deny' } as const
const persuade = { kind: 'guard', onFailure: 'warn' } as const
const change = { kind: 'transform', onFailure: 'throw' } as const

/** The lifecycle on one page. What the taps of a hook get and give is in `contracts/hooks.ts`. */
export const HOOK_RULES: { readonly [H in HookName]: HookRule & { readonly kind: Hooks[H]['kind'] } } =
  Object.freeze({
    'session.transform': {
      ...change,
      fields: { model: 'string', workingDir: 'string', limits: 'object', metadata: 'object' },
      fixed: ['sessionId', 'parentId', 'depth'],
    },
    'session.start': look,
    'session.end': farewell,
    'turn.start': look,
    'turn.end': farewell,
    'prompt.transform': { ...change, fields: { parts: 'array', notes: 'array' } },
    'prompt.guard': permit,
    'context.transform': {
      ...change,
      fields: { messages: 'object', segments: 'array', estimatedTokens: 'number' },
    },
    'compaction.transform': { ...change, onFailure: 'warn', fixed: ['trigger', 'window'] },
    'compaction.guard': persuade,
    'compaction.end': look,
    'request.transform': {
      ...change,
      fields: {
        model: 'string',
        system: 'array',
        messages: 'object',
        tail: 'array',
        tools: 'array',
        breakpoints: 'array',
      },
      fixed: ['sessionId', 'turnId', 'purpose'],
    },
    'response.transform': {
      ...change,
      fields: { parts: 'array', stopReason: 'string' },
      fixed: ['role', 'id'],
    },
    'response.guard': permit,
    'toolCall.transform': { ...change, fields: { name: 'string' }, fixed: ['callId'] },
    'toolCall.guard': permit,
    'toolResult.transform': { ...change, fields: { call: 'object', parts: 'array', isError: 'boolean' } },
    'toolCall.end': look,
    'approval.guard': persuade,
    'turn.guard': persuade,
    'subagent.transform': { ...change, fields: { task: 'string' }, fixed: ['callId'] },
    'subagent.guard': permit,
    'subagent.start': look,
    'subagent.end': look,
    'notification.end': look,
  })

/** True for the name of a hook. */
export function isHookName(name: unknown): name is HookName {
  return typeof name === 'string' && Object.hasOwn(HOOK_RULES, name)
}

/** A tap as tapable calls it. It answers through `done`, at once or later, and never throws. */
export type CompiledTap = (
  input: unknown,
  call: HookCall,
  done: (error: Error | null, result?: unknown) => void,
) => void

/** What the kernel uses of a tapable hook: the same of all three kinds. */
export interface TapableHook {
  tapAsync(name: string, tap: CompiledTap): void
  callAsync: CompiledTap
}

/** The only place that knows which kind is which tapable class. Taps keep the order in which they are added. */
export function createTapableHook(name: HookName): TapableHook {
  const args: [string, string] = ['input', 'call']
  switch (HOOK_RULES[name].kind) {
    case 'transform':
      return new AsyncSeriesWaterfallHook<[unknown, HookCall]>(args, name)
    case 'guard':
      return new AsyncSeriesBailHook<[unknown, HookCall], unknown>(args, name)
    case 'observe':
      return new AsyncParallelHook<[unknown, HookCall]>(args, name) as unknown as TapableHook
  }
}
