import type { Models, Taps } from '@halter/core'
import { findInvocation } from './invocation.ts'
import type { GrantBook } from './turn-grants.ts'

/** Options of `@halter/plugin-resources` that are about what users call by `/name`. */
export interface CommandsOptions {
  /** False: `/name` is text like any other. Default true. */
  readonly expandCommands?: boolean
  /** What becomes of `/name` where nothing has that name. Default `refuse`: the nearest name is told, and no model is asked. */
  readonly unknownCommands?: 'refuse' | 'send'
}

/** A person may be asked for each command that a body runs, and takes the time that they take. */
const NO_HURRY_MS = 2 ** 31 - 1

/**
 * Lets users call commands and skills by `/name args`. Only in the prompt with which a turn of a session of theirs begins: what is
 * steered in, said by a hook or given to a subagent is text, for a model may have written it. Also lets the calls pass that commands
 * and skills were granted in `book`.
 */
export function tapCommands(
  hooks: Taps<{ readonly models: Models | undefined }>,
  { expandCommands = true, unknownCommands: unknown = 'refuse' }: CommandsOptions,
  book: GrantBook,
): void {
  if (expandCommands) {
    // After other transforms: they see what the user typed, and guards what it became.
    hooks.tap(
      'prompt.transform',
      (draft, ctx) => {
        if (!findInvocation(draft)) return undefined
        if (ctx.step !== undefined || ctx.session.blueprint.parentId !== undefined) return undefined
        return import('./expand-prompt.ts').then(({ expandPrompt }) =>
          expandPrompt(draft, ctx, { unknown, book }),
        )
      },
      { order: 'post', timeoutMs: NO_HURRY_MS },
    )
    hooks.tap('prompt.guard', (_, ctx) => {
      const refusal = ctx.step === undefined ? book.of(ctx.turn?.turnId)?.refusal : undefined
      return refusal === undefined ? undefined : { deny: refusal }
    })
    hooks.tap('request.transform', (request, ctx) => {
      if (request.purpose !== 'turn') return undefined
      const model = book.of(ctx.turn?.turnId)?.model
      return model === undefined ? undefined : { ...request, model }
    })
  }
  hooks.tap('turn.end', ({ turnId }) => book.close(turnId))
  hooks.tap('toolCall.guard', (call, ctx) => {
    // Another plugin's calls are its own affair.
    if (call.by !== undefined && call.by !== NAME) return undefined
    const grants = book.of(ctx.turn?.turnId)
    const reason = grants?.reasonFor(call, ctx.session.blueprint.workingDir)
    return reason === undefined ? undefined : { allow: reason }
  })
}

const NAME = '@halter/plugin-resources'
