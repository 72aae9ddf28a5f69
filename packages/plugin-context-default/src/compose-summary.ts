import type { Obligation } from '@halter/core'
import type { Message, ToolCallId, ToolCallPart } from '@halter/protocol'
import { keeps, listObligations } from './obligations.ts'
import { describeCall, plainSummary } from './plain-summary.ts'
import { isClearable, RECALL_TOOL } from './show-message.ts'
import type { ContextSettings } from './settings.ts'
import type { WrittenSummary } from './summarise.ts'

/** Outputs that can be asked for again, the newest of which are named. */
const MAX_RECALLABLE = 12
/** A summary up to this size is never too long. Tokens. */
const ALWAYS_SHORT = 400
const CHARACTERS_PER_TOKEN = 3

/** What a summary is for. */
export interface SummaryTask {
  /** The messages that it stands for. */
  readonly messages: readonly Message[]
  /** Their size as the model saw them. */
  readonly tokens: number
  /** Whether they are steps of the running turn, rather than earlier turns. */
  readonly isOfSteps: boolean
  readonly obligations: readonly Obligation[]
  readonly settings: ContextSettings
  tokensOf(piece: string | Message): number
}

/** A summary that may be used. */
export interface ComposedSummary {
  readonly text: string
  /** Why the written one was not taken, or not as it was. Empty: it was. */
  readonly flaws: readonly string[]
}

/**
 * Judges a written summary by what can be checked: it says something, it is at most half as long as what it stands for, it lost no
 * obligation. One that fails gives way to a plain one that keeps all obligations, and as much of what was written as may be kept.
 */
export function composeSummary(task: SummaryTask, written: WrittenSummary): ComposedSummary {
  const flaws = flawsOf(task, written)
  const maxTokens = Math.max(ALWAYS_SHORT, task.tokens / 2)
  if (flaws.length === 0) {
    const recallable = listRecallable(task)
    const whole = frame(task, [written.text, recallable])
    return { text: fits(task, whole, maxTokens) ? whole : frame(task, [written.text]), flaws }
  }
  return { text: composePlain(task, written.text, maxTokens), flaws }
}

/** The text that stands for a provider's own item where that cannot be read: nothing of it is judged, and all is kept. */
export function composeBeside(task: SummaryTask, summary: string): string {
  return composePlain(task, summary, Math.max(ALWAYS_SHORT, task.tokens / 2))
}

function flawsOf(
  { obligations, tokens, tokensOf }: SummaryTask,
  { text, flaw }: WrittenSummary,
): readonly string[] {
  if (flaw !== undefined) return [flaw]
  if (text.trim() === '') return ['was empty']
  const lost = obligations.filter((obligation) => !keeps(text, obligation))
  const size = tokensOf(text)
  return [
    ...(size > Math.max(ALWAYS_SHORT, tokens / 2)
      ? [`was too long: ${size} tokens for what took ${Math.round(tokens)}`]
      : []),
    ...(lost.length > 0
      ? [
          `had lost ${lost.length} of ${obligations.length} obligations (${[...new Set(lost.map(({ kind }) => kind))].join(', ')})`,
        ]
      : []),
  ]
}

/** The most telling version that fits; the obligations are in each. */
function composePlain(task: SummaryTask, narrative: string, maxTokens: number): string {
  const { messages, obligations } = task
  const kept =
    obligations.length === 0 ? '' : `Still in force, word for word:\n${listObligations(obligations)}`
  const digest = (share: number): string =>
    plainSummary(messages, Math.floor(maxTokens * CHARACTERS_PER_TOKEN * share))
  const versions = [
    ...(narrative.trim() === ''
      ? []
      : [
          [narrative, kept, listRecallable(task)],
          [narrative, kept],
        ]),
    [digest(0.7), kept, listRecallable(task)],
    [digest(0.5), kept],
    [digest(0.2), kept],
  ]
  const texts = versions.map((sections) => frame(task, sections))
  return texts.find((text) => fits(task, text, maxTokens)) ?? texts.at(-1)!
}

function fits({ tokensOf }: SummaryTask, text: string, maxTokens: number): boolean {
  return tokensOf(text) <= maxTokens
}

/** The summary becomes a user message: it must not read as if the user had just said it. */
function frame({ isOfSteps }: SummaryTask, sections: readonly string[]): string {
  const what = isOfSteps
    ? 'The first steps of the work on the prompt above were replaced by this summary of them.'
    : 'The earlier part of this conversation was replaced by this summary of it.'
  return [what, ...sections.map((section) => section.trim()).filter((section) => section !== '')].join('\n\n')
}

function listRecallable({ messages, settings, tokensOf }: SummaryTask): string {
  if (!settings.recall) return ''
  const calls = new Map<ToolCallId, ToolCallPart>()
  const lines: string[] = []
  for (const message of messages) {
    if (message.role === 'assistant')
      for (const part of message.parts) if (part.kind === 'toolCall') calls.set(part.callId, part)
    if (message.role !== 'tool') continue
    const tokens = tokensOf(message)
    const call = calls.get(message.callId)
    if (call && !message.isError && isClearable(message, tokens, settings))
      lines.push(`- ${JSON.stringify(message.id)}: ${describeCall(call)}, about ${tokens} tokens`)
  }
  if (lines.length === 0) return ''
  return [`Outputs that ${RECALL_TOOL} shows again, by id:`, ...lines.slice(-MAX_RECALLABLE)].join('\n')
}
