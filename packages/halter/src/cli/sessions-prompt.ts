import type { PromptInspection } from '@halter/core'
import type { OptionValues } from './command-spec.ts'
import type { SESSIONS_PROMPT } from './commands/sessions.ts'
import { findSession } from './find-session.ts'
import { openRuntime } from './open-runtime.ts'
import type { Output } from './output.ts'
import { printableLine } from './printable.ts'
import { changesBetween, partsOf, type PromptPart } from './prompt-parts.ts'
import { cutToWidth } from './text-width.ts'
import { UsageError } from './usage-error.ts'

/** Characters of one row, where the terminal does not say. */
const WIDTH = 110
const SIGNS = { added: '+', removed: '-', changed: '~' } as const

/** `halter sessions prompt`: what the model was shown. */
export async function showPrompt(
  options: OptionValues<(typeof SESSIONS_PROMPT)['options']>,
  [id]: readonly string[],
  output: Output,
): Promise<number> {
  const { runtime } = await openRuntime(options, output)
  try {
    const { sessionId } = await findSession(runtime, id!)
    const { turn: wanted } = options
    const after = await runtime.inspectPrompt(sessionId, wanted === undefined ? {} : { turn: wanted })
    if (!options.diff) {
      if (options.json) output.json(after)
      else output.data(describePrompt(after, output.width))
      return 0
    }
    if (after.turn < 2)
      throw new UsageError(`Turn ${after.turn} has none before it to compare it with.`, 'sessions prompt')
    const before = await runtime.inspectPrompt(sessionId, { turn: after.turn - 1 })
    if (options.json) output.json(jsonDiff(before, after))
    else output.data(describeDiff(before, after, output.width))
    return 0
  } finally {
    await runtime.shutdown()
  }
}

/** A prompt as rows: its parts, in the order of the wire, and what is not in it any more. */
export function describePrompt(prompt: PromptInspection, width: number | undefined): string {
  const lines = [heading(prompt)]
  let place: PromptPart['place'] | undefined
  for (const part of partsOf(prompt)) {
    if (part.place !== place) lines.push('', `${part.place} (${sum(prompt, part.place)} tokens)`)
    ;({ place } = part)
    lines.push(row(' ', part, width))
    if (part.isBreakpoint) lines.push(`${' '.repeat(11)}--- cached up to here`)
  }
  return `${[...lines, ...removals(prompt)].join('\n')}\n`
}

function describeDiff(before: PromptInspection, after: PromptInspection, width: number | undefined): string {
  const changes = changesBetween(before, after)
  const rows = changes.map(({ change, part }) => row(SIGNS[change], part, width))
  const same = partsOf(after).length - changes.filter(({ change }) => change !== 'removed').length
  const title = `${heading(after)}\nagainst turn ${before.turn}: ${same} parts are the same`
  return `${[title, '', ...rows, ...removals(after, before.seq)].join('\n')}\n`
}

function jsonDiff(before: PromptInspection, after: PromptInspection): object {
  const changes = changesBetween(before, after).map(({ change, part: { place, key, tokens } }) => ({
    change,
    place,
    part: key,
    tokens,
  }))
  return { sessionId: after.sessionId, turn: after.turn, against: before.turn, changes }
}

function heading({ turn, sessionId, model, estimatedTokens, window }: PromptInspection): string {
  const share = window > 0 ? `, ${Math.round((estimatedTokens / window) * 100)} % of ${window}` : ''
  return `turn ${turn} of ${sessionId}, model ${printableLine(model)}, about ${estimatedTokens} tokens${share}`
}

/** What is not in the prompt any more: compactions, those after `since` only, and what was left out of the window. */
function removals({ compactions, leftOut }: PromptInspection, since = 0): readonly string[] {
  const lines = compactions
    .filter(({ seq }) => seq > since)
    .map(({ seq, trigger, droppedSeqs, tokensBefore, tokensAfter, reason }) => {
      const ranges = droppedSeqs.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(', ')
      const why = reason === undefined ? '' : `: ${printableLine(reason)}`
      return `compacted at ${seq} (${trigger}): events ${ranges}, ${tokensBefore} to ${tokensAfter} tokens${why}`
    })
  if (leftOut.length > 0) lines.push(`left out: ${leftOut.length} messages of the window`)
  return lines.length > 0 ? ['', ...lines] : []
}

function row(sign: string, { tokens, name, about }: PromptPart, width = WIDTH): string {
  const text = `${sign} ${String(tokens).padStart(7)}  ${printableLine(name)}${about && `  ${printableLine(about)}`}`
  return cutToWidth(text, width)
}

function sum(prompt: PromptInspection, place: PromptPart['place']): number {
  return prompt[place].reduce((total, { tokens }) => total + tokens, 0)
}
