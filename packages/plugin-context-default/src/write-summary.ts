import type { CompactionInstructions } from '@halter/core'
import { transcript, type CompactionOutcome } from '@halter/protocol'
import type { Cut } from './choose-cut.ts'
import type { CompactionTask } from './compaction-task.ts'
import { composeBeside, composeSummary, type SummaryTask } from './compose-summary.ts'
import { joinInstructions, requestBase, summarise, type SummaryTexts } from './summarise.ts'
import { evictUnits } from './units.ts'

/** A summary that may be used, and whose it is. */
export interface Summary {
  readonly text: string
  readonly native?: CompactionOutcome['native']
  /** Who wrote it, for people. */
  readonly by: string
  readonly flaws: readonly string[]
}

/** Of a compaction that only clears. */
export const NO_SUMMARY: Summary = Object.freeze({ text: '', by: '', flaws: Object.freeze([]) })

/**
 * Has what leaves summarised: by a hook, by the provider, or by the model, as far as the settings go.
 * @throws what the model call failed with, unless the context must shrink: then a plain summary has to do.
 */
export async function writeSummary(
  task: CompactionTask,
  cut: Cut,
  about: SummaryTask,
  hooks: CompactionInstructions,
): Promise<Summary> {
  const { input, settings } = task
  if (hooks.summary !== undefined && hooks.summary.trim() !== '')
    return { ...composeSummary(about, { text: hooks.summary.trim() }), by: 'a hook' }
  const texts: SummaryTexts = {
    prompt: settings.compactionPrompt,
    instructions: [settings.compactionInstructions, task.instructions, hooks.instructions],
  }
  if (settings.strategy !== 'summary' && input.compactByProvider) {
    const compacted = await byProvider(task, about, texts)
    if (compacted) return compacted
  }
  const evicted = evictUnits(cut.dropped, {
    target: task.limits.compactTo,
    threshold: settings.pruneSignalThreshold,
    tokensOf: (unit) => unit.tokens,
  })
  const material = {
    messages: about.messages,
    leftOut: new Set([...evicted].flatMap(({ messages }) => messages)),
    obligations: about.obligations,
    window: task.limits.window,
    weigh: about.tokensOf,
  }
  const by = input.model.id
  try {
    return { ...composeSummary(about, await summarise(material, input, texts)), by }
  } catch (error) {
    if (task.trigger !== 'overflow' || task.signal.aborted) throw error
    return { ...composeSummary(about, { text: '', flaw: `failed (${describe(error)})` }), by }
  }
}

/** Undefined: it failed, and there is another way. */
async function byProvider(
  { input, settings, signal }: CompactionTask,
  about: SummaryTask,
  texts: SummaryTexts,
): Promise<Summary | undefined> {
  const { name } = input.model.provider
  try {
    const request = {
      ...requestBase(input),
      system: [],
      messages: transcript(about.messages),
      tools: input.tools,
    }
    const { data, summary } = await input.compactByProvider!(request, joinInstructions(texts))
    return { text: composeBeside(about, summary), native: { provider: name, data }, by: name, flaws: [] }
  } catch (error) {
    if (settings.strategy === 'provider' || signal.aborted) throw error
    return undefined
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
