import { textOf, toolCallsOf, type Message, type ToolCallPart } from '@halter/protocol'
import { isPrompt } from './obligations.ts'
import { beginningOf } from './without-middle.ts'

/** Newest prompts and calls that are listed. */
const MAX_PROMPTS = 20
const MAX_CALLS = 40

/**
 * What can be said of messages without a model: what was asked, what was called, what was said last. At most about `maxLength`
 * characters; an earlier summary gets half of that.
 */
export function plainSummary(messages: readonly Message[], maxLength: number): string {
  const earlier = messages
    .filter((message) => message.role === 'user' && message.origin === 'compaction')
    .map((message) => beginningOf(summaryText(message), Math.floor(maxLength / 2)))
  const prompts = messages.filter(isPrompt).map((message) => firstLine(textOf(message), 200))
  const calls = messages.flatMap((message) =>
    message.role === 'assistant' ? toolCallsOf(message).map(describeCall) : [],
  )
  const last = messages.findLast((message) => message.role === 'assistant' && textOf(message).trim() !== '')
  const sections = [
    ...earlier,
    list('What was asked:', prompts.slice(-MAX_PROMPTS)),
    list('What was called, oldest first:', distinct(calls).slice(-MAX_CALLS)),
    last ? `What was said last: ${beginningOf(textOf(last).trim(), 1500)}` : '',
  ]
  return beginningOf(sections.filter((section) => section !== '').join('\n\n'), maxLength)
}

/** A call in one line: the tool, and the input that tells the most. */
export function describeCall({ name, input, malformed }: ToolCallPart): string {
  return `${name} ${beginningOf(malformed ?? JSON.stringify(input ?? {}), 120)}`
}

function summaryText(message: Message): string {
  return message.parts
    .map((part) => (part.kind === 'text' ? part.text : part.kind === 'native' ? part.fallbackText : ''))
    .join('\n')
}

function list(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : [title, ...lines.map((line) => `- ${line}`)].join('\n')
}

function distinct(lines: readonly string[]): readonly string[] {
  return [...new Set(lines)]
}

function firstLine(text: string, maxLength: number): string {
  return beginningOf(text.trim().split('\n', 1)[0]!, maxLength)
}
