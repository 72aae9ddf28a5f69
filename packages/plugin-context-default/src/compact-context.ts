import { HalterError, type CompactionResult, type ContextInput } from '@halter/core'
import {
  transcript,
  type CompactionOutcome,
  type CompactionTrigger,
  type Json,
  type Message,
  type Transcript,
} from '@halter/protocol'
import { chooseCut, type Cut } from './choose-cut.ts'
import { composeBeside, composeSummary, type SummaryTask } from './compose-summary.ts'
import { NOTE, PLUGIN, type ContextState } from './context-state.ts'
import { droppedSeqs } from './dropped-seqs.ts'
import { ownObligations } from './obligations.ts'
import type { ContextSettings } from './settings.ts'
import type { ShowRules } from './show-message.ts'
import { joinInstructions, requestBase, summarise, type SummaryTexts } from './summarise.ts'
import { surveyWindow, type Survey } from './survey-window.ts'
import type { Thresholds } from './thresholds.ts'
import { evictUnits } from './units.ts'
import { untilAborted } from './until-aborted.ts'

/** A compaction that is due. */
export interface CompactionTask {
  readonly trigger: CompactionTrigger
  readonly instructions?: string | undefined
  readonly input: ContextInput
  readonly signal: AbortSignal
  readonly settings: ContextSettings
  readonly limits: Thresholds
  /** What the model sees now, how large that is, and by which rules. */
  readonly shown: Transcript
  readonly tokens: number
  readonly rules: ShowRules
  readonly known: ContextState
  /** Reported tokens per estimated one, where messages are estimated at so many. */
  readonly factor: (estimated: number) => number
  /** Automatic compactions in a row that did not help, up to this one. */
  readonly useless: number
  /** Told of the new state when it is recorded. */
  readonly remember: (state: ContextState) => void
}

/** What came of a task. `nothing`: there was nothing worth compacting; `kept`: a hook wants the long context. */
export type Compacted =
  | { readonly kind: 'done'; readonly result: CompactionResult }
  | { readonly kind: 'nothing' | 'kept' }

/**
 * Compacts: chooses what leaves, asks the hooks, has it summarised, judges the summary, and remembers what must not be forgotten.
 * @throws HalterError `ERR_COMPACTION_UNSUPPORTED` where only the provider may compact and cannot; what the model call failed
 * with, unless the context must shrink; the reason of an abort.
 */
export async function compactContext(task: CompactionTask): Promise<Compacted> {
  const { input, trigger, signal, known } = task
  const survey = surveyWindow({ input, shown: task.shown.slice(), rules: task.rules, factor: task.factor })
  const tokens = sizeOf(task, survey)
  const { clearedThrough } = known
  const cut = chooseCut({ survey, trigger, limits: task.limits, tokens, clearedThrough })
  if (!cut) return { kind: 'nothing' }
  if (task.settings.strategy === 'provider' && cut.dropped.length > 0 && !input.compactByProvider)
    throw unsupported(input)
  const hooks = await untilAborted(input.beforeCompaction(trigger), signal)
  if (!hooks) return { kind: 'kept' }
  const leaving = new Set(cut.dropped.flatMap(({ messages }) => messages))
  const own = ownObligations(input.state, leaving, known)
  const summaryTask: SummaryTask = {
    messages: [...leaving],
    tokens: cut.dropped.reduce((sum, unit) => sum + unit.tokens, 0),
    isOfSteps: cut.dropped.length > 0 && cut.dropped[0]!.from > survey.newestPrompt,
    obligations: [
      ...own.obligations,
      ...input.obligations().filter(({ messageId }) => messageId === undefined),
    ],
    settings: task.settings,
    tokensOf: survey.weigh,
  }
  const summary =
    leaving.size === 0 ? NO_SUMMARY : await untilAborted(summaryOf(task, cut, summaryTask, hooks), signal)
  const tokensAfter = Math.round(cut.tokensLeft + survey.weigh(summary.text))
  if (trigger !== 'manual' && tokensAfter >= Math.round(tokens)) return { kind: 'nothing' }
  await remember(task, { ...own, clearedThrough: cut.clearedThrough, sizeAfter: tokensAfter })
  const outcome: CompactionOutcome = {
    trigger,
    droppedSeqs: leaving.size === 0 ? [] : seqsOf(survey, leaving),
    summary: summary.text,
    ...(summary.native && { native: summary.native }),
    tokensBefore: Math.round(tokens),
    tokensAfter,
    reason: reasonOf(task, cut, summary),
  }
  return { kind: 'done', result: { outcome } }
}

/** The size of the context. When the provider says that it is too long, what it reported before was too little. */
function sizeOf({ trigger, tokens }: CompactionTask, { units }: Survey): number {
  if (trigger !== 'overflow') return tokens
  const weighed = units.reduce((sum, unit) => sum + unit.tokens, 0)
  return Math.max(tokens, weighed)
}

interface Summary {
  readonly text: string
  readonly native?: CompactionOutcome['native']
  /** Who wrote it, for people. */
  readonly by: string
  readonly flaws: readonly string[]
}

const NO_SUMMARY: Summary = Object.freeze({ text: '', by: '', flaws: Object.freeze([]) })

type Hooks = NonNullable<Awaited<ReturnType<ContextInput['beforeCompaction']>>>

async function summaryOf(task: CompactionTask, cut: Cut, about: SummaryTask, hooks: Hooks): Promise<Summary> {
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

async function remember(
  { input, known, useless, remember: tell }: CompactionTask,
  { goal, rules, clearedThrough, sizeAfter }: Omit<ContextState, 'useless' | 'compactedAt'>,
): Promise<void> {
  const state: ContextState = {
    clearedThrough: Math.max(clearedThrough, known.clearedThrough),
    useless,
    compactedAt: input.state.head,
    sizeAfter,
    rules,
    ...(goal && { goal }),
  }
  tell(state)
  await input.note(PLUGIN, NOTE, state as unknown as Json)
}

function seqsOf({ messages, seqs }: Survey, leaving: ReadonlySet<Message>): CompactionOutcome['droppedSeqs'] {
  const dropped: number[] = []
  const kept: number[] = []
  for (const [index, message] of messages.entries())
    (leaving.has(message) ? dropped : kept).push(seqs[index]!)
  return droppedSeqs(dropped, kept)
}

function reasonOf({ known }: CompactionTask, cut: Cut, { by, flaws }: Summary): string {
  const count = cut.dropped.reduce((sum, { messages }) => sum + messages.length, 0)
  const parts = [
    ...(count > 0 ? [`a summary by ${by} stands for ${count} messages`] : []),
    ...(flaws.length > 0
      ? [`the one that was written ${flaws.join(' and ')}, and is not taken as it was`]
      : []),
    ...(cut.clearedThrough > known.clearedThrough
      ? [`large tool outputs up to event ${cut.clearedThrough} are cleared`]
      : []),
  ]
  return parts.join('; ')
}

function unsupported({ model }: ContextInput): HalterError {
  return new HalterError(
    'ERR_COMPACTION_UNSUPPORTED',
    `${model.provider.name} cannot compact for "${model.id}", and the strategy is "provider". Set strategy to "auto" or "summary", or ` +
      'choose a model whose provider can.',
    { plugin: PLUGIN },
  )
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
