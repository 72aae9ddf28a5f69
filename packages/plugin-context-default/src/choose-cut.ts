import type { CompactionTrigger } from '@halter/protocol'
import { isPrompt, isTurnStart } from './obligations.ts'
import type { Survey, WeighedUnit } from './survey-window.ts'
import type { Thresholds } from './thresholds.ts'

/** What a compaction takes out of the window. */
export interface Cut {
  /** Units that give way to a summary; none: outputs are cleared, and nothing leaves. */
  readonly dropped: readonly WeighedUnit[]
  /** Large outputs that were stored up to this event are cleared. */
  readonly clearedThrough: number
  /** About the tokens that are left, without the summary. */
  readonly tokensLeft: number
}

/** What decides where to cut. */
export interface CutQuestion {
  readonly survey: Survey
  readonly trigger: CompactionTrigger
  readonly limits: Thresholds
  /** The size of the context now. */
  readonly tokens: number
  /** Outputs up to here are cleared already. */
  readonly clearedThrough: number
}

/**
 * Where a compaction cuts; undefined: nothing is worth it. Outputs are cleared first, and nothing else where that is enough. Then
 * older turns leave, the newest prompt and what came after it never with them; only when they are gone, older steps of the running
 * turn, and never its prompt. Asked for by hand, everything before the newest prompt leaves.
 */
export function chooseCut(question: CutQuestion): Cut | undefined {
  const { survey, trigger, limits, tokens, clearedThrough } = question
  if (trigger === 'manual') {
    const dropped = turnsBefore(survey, survey.newestPrompt)
    return worthOf(dropped) > 0 ? cutOf(question, dropped, clearedThrough) : undefined
  }
  const isForced = trigger === 'overflow'
  const goal = isForced ? Math.min(limits.compactTo, tokens / 2) : limits.compactTo
  const boundary = clearBoundary(question, limits.keepRecent)
  const cleared = cutOf(question, [], boundary)
  const isClearedEnough = tokens - cleared.tokensLeft >= limits.minimumGain && cleared.tokensLeft <= goal
  if (isClearedEnough && !isForced) return cleared
  const cuts = candidates(question).map((dropped) => cutOf(question, dropped, boundary))
  const best = cuts.find(({ tokensLeft }) => tokensLeft <= goal) ?? cuts.at(-1) ?? cleared
  return clearMore(question, best, isForced ? goal : limits.room)
}

/** Possible cuts, each taking more than the one before it. Empty: none is worth a summary. */
function candidates({ survey, trigger, limits }: CutQuestion): readonly (readonly WeighedUnit[])[] {
  const isForced = trigger === 'overflow'
  const atLeast = isForced ? 1 : limits.minimumGain
  const older = [turnsBefore(survey, recentTurns(survey, limits.keepRecent)), allTurns(survey)]
  const steps = [stepsBefore(survey, limits.keepRecent), stepsBefore(survey, 0)]
  const worth = (cuts: readonly (readonly WeighedUnit[])[]) => cuts.filter((cut) => worthOf(cut) >= atLeast)
  if (isForced) return [...worth(older), ...worth(steps.map((each) => [...allTurns(survey), ...each]))]
  const turns = worth(older)
  return turns.length > 0 ? turns : worth(steps)
}

function allTurns(survey: Survey): readonly WeighedUnit[] {
  return turnsBefore(survey, survey.newestPrompt)
}

function turnsBefore({ units }: Survey, index: number): readonly WeighedUnit[] {
  return units.filter(({ to, isPinned }) => to <= index && !isPinned)
}

/** Index of the oldest prompt from which on everything fits into `keep`; the newest prompt at the latest. */
function recentTurns({ units, newestPrompt }: Survey, keep: number): number {
  let tokens = 0
  let from = newestPrompt
  for (const unit of units.toReversed()) {
    tokens += unit.tokens
    if (unit.from >= newestPrompt) continue
    if (tokens > keep) break
    if (isTurnStart(unit.messages[0]!)) ({ from } = unit)
  }
  return from
}

/** Steps of the running turn that are older than the newest ones that fit into `keep`. The newest stays, and so does what a person said. */
function stepsBefore({ units, newestPrompt }: Survey, keep: number): readonly WeighedUnit[] {
  const steps = units.filter(({ from }) => from > newestPrompt)
  let tokens = 0
  let kept = 0
  for (const { tokens: size } of steps.toReversed()) {
    tokens += size
    if (kept > 0 && tokens > keep) break
    kept += 1
  }
  return steps
    .slice(0, steps.length - kept)
    .filter(({ isPinned, messages }) => !isPinned && !isPrompt(messages[0]!))
}

function worthOf(units: readonly WeighedUnit[]): number {
  return units.reduce((sum, { isSummary, tokens }) => (isSummary ? sum : sum + Math.max(1, tokens)), 0)
}

/** Outputs before the newest messages that fit into `keep` are old. The newest unit never is, unless `keep` is negative. */
function clearBoundary(
  { survey, clearedThrough }: Pick<CutQuestion, 'survey' | 'clearedThrough'>,
  keep: number,
): number {
  const { units, seqs, messages } = survey
  let tokens = 0
  let index = units.length
  for (; index > 0; index--) {
    tokens += units[index - 1]!.tokens
    const isNewest = index === units.length
    if (keep < 0 || (!isNewest && tokens > keep)) break
  }
  let through = clearedThrough
  for (const { from, to } of units.slice(0, index))
    for (let at = from; at < to; at++)
      if (messages[at]!.role === 'tool') through = Math.max(through, seqs[at]!)
  return through
}

/** A cut that clears up to a boundary what it does not drop. */
function cutOf(question: CutQuestion, dropped: readonly WeighedUnit[], boundary: number): Cut {
  const { survey, tokens, clearedThrough } = question
  const leaving = new Set(dropped)
  const kept = survey.units.filter((unit) => !leaving.has(unit) && isBefore(survey, unit, boundary))
  const cleared = kept.reduce((sum, { clearable }) => sum + clearable, 0)
  const left = dropped.reduce((sum, unit) => sum + unit.tokens, 0)
  return {
    dropped,
    clearedThrough: cleared > 0 ? boundary : clearedThrough,
    tokensLeft: Math.max(0, tokens - left - cleared),
  }
}

function isBefore({ seqs }: Survey, { to }: WeighedUnit, clearedThrough: number): boolean {
  return seqs[to - 1]! <= clearedThrough
}

/** Where too much would be left: clears outputs that are not old as well, those of the newest step last. */
function clearMore(question: CutQuestion, cut: Cut, limit: number): Cut | undefined {
  const { tokens, limits, trigger } = question
  let best = cut
  for (const keep of [0, -1]) {
    if (best.tokensLeft <= limit) break
    best = cutOf(question, cut.dropped, clearBoundary(question, keep))
  }
  if (best.dropped.length > 0) return best
  const gain = tokens - best.tokensLeft
  return gain >= (trigger === 'overflow' ? 1 : limits.minimumGain) ? best : undefined
}
