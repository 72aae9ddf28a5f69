import type { CompactionInstructions } from '../contracts/context-manager.ts'
import type { CompactionDraft } from '../contracts/hooks.ts'
import type { Activity } from './activity.ts'

/**
 * What the hooks say of a compaction that is about to run; undefined when one of them keeps the long context. The manager has the user's
 * instructions already: it is told what the hooks put beside them.
 */
export async function beforeCompaction(
  activity: Activity,
  given: CompactionDraft,
): Promise<CompactionInstructions | undefined> {
  const changed = await activity.transform('compaction.transform', given)
  const added = addedTo(given.instructions, changed.instructions)
  const draft = withInstructions(changed, [given.instructions, added])
  const decision = await activity.guard('compaction.guard', draft)
  if (decision?.kind === 'deny') return undefined
  const { summary } = draft
  return { ...(added !== undefined && { instructions: added }), ...(summary !== undefined && { summary }) }
}

/** A tap may write on from what the user wrote, or write its own alone. */
function addedTo(users: string | undefined, all: string | undefined): string | undefined {
  if (users === undefined || all === undefined || !all.startsWith(users)) return all
  const rest = all.slice(users.length)
  if (rest.trim() === '') return undefined
  return /^\s/.test(rest) ? rest.trim() : all
}

function withInstructions(draft: CompactionDraft, parts: readonly (string | undefined)[]): CompactionDraft {
  const { instructions: _, ...rest } = draft
  const instructions = parts.filter((part) => part !== undefined && part.trim() !== '').join('\n\n')
  return instructions === '' ? rest : { ...rest, instructions }
}
