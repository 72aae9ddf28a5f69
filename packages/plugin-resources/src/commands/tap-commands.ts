import type { Models, Taps } from '@halter/core'
import { parseInvocation } from './invocation.ts'
import { TurnGrants } from './turn-grants.ts'

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
 * steered in, said by a hook or given to a subagent is text, for a model may have written it.
 */
export function tapCommands(
  hooks: Taps<{ readonly models: Models | undefined }>,
  { expandCommands = true, unknownCommands: unknown = 'refuse' }: CommandsOptions,
): void {
  if (expandCommands) {
    // After other transforms: they see what the user typed, and guards what it became.
    hooks.tap(
      'prompt.transform',
      (draft, ctx) => {
        const [first] = draft.parts
        if (first?.kind !== 'text' || !parseInvocation(first.text)) return undefined
        if (ctx.step !== undefined || ctx.session.blueprint.parentId !== undefined) return undefined
        return import('./expand-prompt.ts').then(({ expandPrompt }) => expandPrompt(draft, ctx, { unknown }))
      },
      { order: 'post', timeoutMs: NO_HURRY_MS },
    )
    hooks.tap('prompt.guard', (_, ctx) => {
      const grants = TurnGrants.of(ctx.session, ctx.turn?.turnId)
      if (grants?.refusal === undefined || ctx.step !== undefined) return undefined
      return { deny: grants.refusal }
    })
    hooks.tap('request.transform', (request, ctx) => {
      if (request.purpose !== 'turn') return undefined
      const model = TurnGrants.of(ctx.session, ctx.turn?.turnId)?.model
      return model === undefined ? undefined : { ...request, model }
    })
  }
  hooks.tap('toolCall.guard', (call, ctx) => {
    // Another plugin's calls are its own affair.
    if (call.by !== undefined && call.by !== NAME) return undefined
    const reason = TurnGrants.of(ctx.session, ctx.turn?.turnId)?.reasonFor(
      call,
      ctx.session.blueprint.workingDir,
    )
    return reason === undefined ? undefined : { allow: reason }
  })
}

const NAME = '@halter/plugin-resources'
