import { stat } from 'node:fs/promises'
import type { Models, PromptDraft, ResourceSnapshot, TapContext } from '@halter/core'
import type { TextPart } from '@halter/protocol'
import { expandBody } from './expand-body.ts'
import { findInvocable, invocableNames, nearestName } from './find-invocable.ts'
import { findInvocation, type Invocation } from './invocation.ts'
import { skillHeading } from './skill-text.ts'
import type { GrantBook } from './turn-grants.ts'

/** What a prompt that begins with a slash is made into. */
export interface ExpandOptions {
  /** What becomes of `/name` where nothing has that name: refused, or sent as it is. */
  readonly unknown: 'refuse' | 'send'
  readonly book: GrantBook
}

type Context = TapContext<{ readonly models: Models | undefined }>

/**
 * Makes `/name args` into the prompt that it stands for. Undefined: the prompt stays as it is. One that cannot be expanded is marked,
 * and the turn's `refusal` in `book` says why: the guard then refuses it, so that no model is asked.
 */
export async function expandPrompt(
  draft: PromptDraft,
  ctx: Context,
  { unknown, book }: ExpandOptions,
): Promise<PromptDraft | undefined> {
  const called = findInvocation(draft)
  if (!called || !ctx.turn) return undefined
  const { invocation, index } = called
  const grants = book.open(ctx.turn.turnId)
  const refuse = (reason: string, source?: string): Promise<undefined> => {
    grants.refusal = reason
    return reportRefusal(ctx, invocation, reason, source)
  }
  const resources = await ctx.session.resources()
  const found = findInvocable(invocation.name, resources)
  if (!found) {
    if (unknown === 'send' || (await isMeantAsText(invocation, resources))) return undefined
    return refuse(unknownName(invocation, resources))
  }
  grants.add(`/${invocation.name}`, found.resource.allowedTools)
  if (found.kind === 'command' && found.resource.model !== undefined)
    grants.model = await usableModel(found.resource.model, invocation, ctx)
  const expansion = await expandBody(found.resource.body, invocation.args, ctx)
  if (expansion.problem !== undefined)
    return refuse(`/${invocation.name} was not sent: ${expansion.problem}.`, found.resource.source)
  const heading = found.kind === 'skill' ? await skillHeading(found.resource) : ''
  const text: TextPart = { kind: 'text', text: heading + expansion.text }
  await ctx.session.report({
    handler: `/${invocation.name}`,
    source: found.resource.source,
    status: 'changed',
    detail: describe(expansion.commands, text.text.length),
  })
  return { ...draft, parts: draft.parts.toSpliced(index, 1, text, ...expansion.parts) }
}

async function reportRefusal(
  ctx: Context,
  { name }: Invocation,
  reason: string,
  source?: string,
): Promise<undefined> {
  await ctx.session.report({
    handler: `/${name}`,
    ...(source !== undefined && { source }),
    status: 'denied',
    detail: reason,
  })
}

/** Nobody who has no commands means one; and `/tmp is full` is about a folder. */
async function isMeantAsText({ name }: Invocation, resources: ResourceSnapshot): Promise<boolean> {
  if (invocableNames(resources).length === 0) return true
  return stat(`/${name}`).then(
    () => true,
    () => false,
  )
}

function unknownName({ name }: Invocation, resources: ResourceSnapshot): string {
  const nearest = nearestName(name, invocableNames(resources))
  const hint = nearest === undefined ? '' : ` Did you mean /${nearest}?`
  return `There is no command or skill /${name}.${hint} To send it as text, put a space before the slash.`
}

/** A command may name a model that nobody here has: it is for another program then, and the session's own answers. */
async function usableModel(model: string, { name }: Invocation, ctx: Context): Promise<string | undefined> {
  try {
    await ctx.services.models?.resolve(model, 'default')
    return model
  } catch {
    ctx.warn(`/${name} asks for the model "${model}", which no provider accepts. The session's own answers.`)
    return undefined
  }
}

function describe(commands: readonly string[], length: number): string {
  const ran =
    commands.length === 0 ? '' : `, after ${commands.map((each) => JSON.stringify(each)).join(', ')}`
  return `expanded to ${length} characters${ran}`
}
