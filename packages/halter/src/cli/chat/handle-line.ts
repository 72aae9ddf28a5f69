import { isHalterError } from '@halter/core'
import { UsageError } from '../usage-error.ts'
import { currentResources, invocable, readSlash, type SlashContext } from './slash-commands.ts'

/** Does what a line says: a command of the chat, or a prompt. Resolves when the next line may be done. */
export async function handleLine(line: string, ctx: SlashContext): Promise<void> {
  if (line.trim() === '') return
  const slash = readSlash(line.trim(), line.trimStart().startsWith('/') ? await knownNames(ctx) : [])
  if (slash.kind === 'prompt') return ctx.conversation.submit(line)
  if (slash.kind === 'unknown') return ctx.note(`There is no /${slash.name}. /help tells what there is.`)
  const { command, words } = slash
  if (command.needsIdle && ctx.conversation.isBusy)
    return ctx.note(`/${command.name} has to wait: a turn is running. Ctrl-C ends it.`)
  const done = command.run(ctx, words).catch((error: unknown) => ctx.note(describeError(error)))
  if (!(command.canWait && ctx.conversation.isBusy)) await done
}

/** A failure, in a line. */
export function describeError(error: unknown): string {
  if (isHalterError(error)) return `${error.message} (${error.code})`
  if (error instanceof UsageError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

async function knownNames(ctx: SlashContext): Promise<readonly string[] | undefined> {
  if (!ctx.services().resources) return []
  const snapshot = await currentResources(ctx)
  // Names of a plugin's commands may have its name before them.
  return snapshot && invocable(snapshot).flatMap((each) => [each.name, `${each.plugin?.name}:${each.name}`])
}
