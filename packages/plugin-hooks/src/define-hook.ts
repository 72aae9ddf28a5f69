import { HalterError } from '@halter/core'
import { DEFAULT_TIMEOUT_SECONDS, factsOf, findHookEvent, type HookEventName } from './hook-events.ts'
import type { FunctionHandler, HookFunction, OnFailure } from './hook-handler.ts'

/** How an in-process handler is called. */
export interface HookOptions {
  /** As in a hook file: `*`, names, or a regular expression. Default: always. */
  readonly matcher?: string
  /** A condition on the tool call, such as `shell(git commit:*)`. */
  readonly if?: string
  /** Default 30,000. */
  readonly timeoutMs?: number
  /** At most one run per session that gave an answer. Default false. */
  readonly once?: boolean
  readonly statusMessage?: string
  /** What a failure decides where the event guards something. Default: as the event says. */
  readonly onFailure?: OnFailure
  /** Whether it stands before or after the handlers of files. Default `after`. */
  readonly order?: 'before' | 'after'
  /** Who it is in events. Default: the function's own name. */
  readonly name?: string
}

/** An in-process handler, for the option `functions` of the plugin or for `sessionHooks`. */
export interface HookDefinition {
  readonly event: HookEventName
  readonly run: HookFunction
  readonly options: HookOptions
}

/**
 * Attaches a function to an event: what a command of a hook file can say, it can return. State of one session belongs into
 * `ctx.session.resource(…)`: the function is shared by all.
 * @throws HalterError `ERR_HOOK_INVALID` for an event that does not exist, a matcher that is no regular expression, or one on an event
 * that has nothing to match.
 */
export function defineHook(event: string, run: HookFunction, options: HookOptions = {}): HookDefinition {
  const known = findHookEvent(event)
  if (!known)
    throw new HalterError(
      'ERR_HOOK_INVALID',
      `There is no hook event "${event}". See HOOK_EVENTS for those there are.`,
    )
  const { matcher, timeoutMs } = options
  const isPicky = matcher !== undefined && matcher.trim() !== '' && matcher.trim() !== '*'
  if (isPicky && factsOf(known).matcher === undefined)
    throw new HalterError(
      'ERR_HOOK_INVALID',
      `"${known}" has nothing to match, so a hook for it takes no matcher.`,
    )
  if (isPicky) checkPattern(matcher)
  if (timeoutMs !== undefined && !(timeoutMs >= 0))
    throw new HalterError('ERR_HOOK_INVALID', `A hook for "${known}" has a timeoutMs of ${timeoutMs}.`)
  return Object.freeze({ event: known, run, options: Object.freeze({ ...options }) })
}

/** What is wrong in any syntax of regular expressions is wrong in RE2's; that one would take too long to load here. */
function checkPattern(matcher: string): void {
  try {
    RegExp(matcher)
  } catch (cause) {
    throw new HalterError('ERR_HOOK_INVALID', `The matcher "${matcher}" is no regular expression.`, { cause })
  }
}

/** The definitions of one side of the files, as handlers. */
export function functionHandlers(
  definitions: readonly HookDefinition[],
  order: 'before' | 'after',
): readonly FunctionHandler[] {
  return definitions.flatMap(({ event, run, options }, index) => {
    if ((options.order ?? 'after') !== order) return []
    const { matcher, if: condition, statusMessage, onFailure, timeoutMs, once = false } = options
    const name = options.name ?? (run.name || 'function')
    const handler: FunctionHandler = {
      id: `${name}:${event}:sdk:${index}`,
      event,
      type: 'function',
      run,
      timeoutMs: timeoutMs ?? DEFAULT_TIMEOUT_SECONDS.function * 1_000,
      ...(matcher !== undefined && { matcher }),
      ...(condition !== undefined && { if: condition }),
      ...(statusMessage !== undefined && { statusMessage }),
      ...(onFailure && { onFailure }),
      isAsync: false,
      asyncRewake: false,
      once,
      source: { file: `<function:${name}:${index}>`, layer: 'program' },
      dialect: 'halter',
    }
    return [handler]
  })
}
