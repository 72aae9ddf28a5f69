import { currentResources, invocable, SLASH_COMMANDS, type SlashContext } from './slash-commands.ts'

/** A beginning, as far as it is clear how it goes on, and everything that it may become. */
export interface Completion {
  readonly text: string
  readonly candidates: readonly string[]
}

/** Completes `/` and the beginning of a name. */
export async function completions(text: string, ctx: SlashContext): Promise<Completion> {
  const snapshot = await currentResources(ctx)
  const names = [...SLASH_COMMANDS, ...(snapshot ? invocable(snapshot) : [])].map(({ name }) => `/${name}`)
  const candidates = [...new Set(names)].filter((name) => name.startsWith(text))
  const [only, ...others] = candidates
  if (only === undefined) return { text, candidates }
  return { text: others.length === 0 ? `${only} ` : commonBeginning(candidates), candidates }
}

function commonBeginning([first = '', ...others]: readonly string[]): string {
  let length = first.length
  for (const other of others) while (!other.startsWith(first.slice(0, length))) length--
  return first.slice(0, length)
}
