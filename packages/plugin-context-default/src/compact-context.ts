import { HalterError, type CompactionResult, type ContextInput, type Obligation } from '@halter/core'
import { textOf, type CompactionOutcome, type Json, type Message } from '@halter/protocol'
import { chooseCut, type Cut } from './choose-cut.ts'
import type { CompactionTask } from './compaction-task.ts'
import type { SummaryTask } from './compose-summary.ts'
import { NOTE, PLUGIN, type ContextState } from './context-state.ts'
import { droppedSeqs } from './dropped-seqs.ts'
import { keeps, ownObligations } from './obligations.ts'
import { surveyWindow, type Survey } from './survey-window.ts'
import { untilAborted } from './until-aborted.ts'
import { NO_SUMMARY, writeSummary, type Summary } from './write-summary.ts'

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
  const survey = surveyWindow({
    input,
    shown: task.shown.slice(),
    settings: task.settings,
    factor: task.factor,
  })
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
    obligations: stillToKeep(survey, leaving, [...own.obligations, ...input.obligations()]),
    settings: task.settings,
    tokensOf: survey.weigh,
  }
  const summary =
    leaving.size === 0 ? NO_SUMMARY : await untilAborted(writeSummary(task, cut, summaryTask, hooks), signal)
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

/** What a summary has to say: pins stay by themselves, and an earlier summary that stays may say the rest already. */
function stillToKeep(
  { messages }: Survey,
  leaving: ReadonlySet<Message>,
  obligations: readonly Obligation[],
): readonly Obligation[] {
  const said = messages
    .filter((message) => message.role === 'user' && message.origin === 'compaction' && !leaving.has(message))
    .map(textOf)
    .join('\n')
  return obligations.filter((obligation) => obligation.messageId === undefined && !keeps(said, obligation))
}

async function remember(
  { input, useless, remember: tell }: CompactionTask,
  { goal, rules, clearedThrough, sizeAfter }: Omit<ContextState, 'compaction' | 'useless' | 'compactedAt'>,
): Promise<void> {
  const state: ContextState = {
    compaction: input.state.compactions + 1,
    clearedThrough,
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
