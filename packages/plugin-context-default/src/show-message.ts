import type { Message, ToolMessage, ToolResultPart } from '@halter/protocol'
import type { ContextSettings } from './settings.ts'
import { withoutMiddle } from './without-middle.ts'

/** The tool that shows cleared outputs again. */
export const RECALL_TOOL = 'recall_output'

/** What decides how a message is shown. The same rules show the same message in the same bytes. */
export interface ShowRules {
  /** Large tool outputs that were stored up to this event are cleared. */
  readonly clearedThrough: number
  /** Tokens of one tool output that are shown at most. */
  readonly outputAtMost: number
  readonly settings: Pick<ContextSettings, 'clearOver' | 'keepOutputsOf' | 'recall'>
}

/** Whether an output of this size gives way to a marker, once it is old. */
export function isClearable({ name }: ToolMessage, tokens: number, settings: ShowRules['settings']): boolean {
  return tokens > settings.clearOver && !settings.keepOutputsOf.includes(name)
}

/** A tool's message as the model sees it: whole, without its middle, or as a marker that says how to get it back. */
export function showOutput(message: ToolMessage, seq: number, tokens: number, rules: ShowRules): ToolMessage {
  if (seq <= rules.clearedThrough && isClearable(message, tokens, rules.settings))
    return { ...message, parts: [{ kind: 'text', text: marker(message, tokens, rules) }] }
  return tokens > rules.outputAtMost ? withoutItsMiddle(message, tokens, rules) : message
}

/** The text of a result's part; undefined for pictures and documents. */
export function textOfPart(part: Message['parts'][number]): string | undefined {
  if (part.kind === 'text') return part.text
  return part.kind === 'json' ? JSON.stringify(part.value) : undefined
}

function marker({ id, name }: ToolMessage, tokens: number, { settings }: ShowRules): string {
  const back = settings.recall
    ? `Call ${RECALL_TOOL} with {"id":${JSON.stringify(id)}}, or ${name} again, to see it.`
    : `Call ${name} again to see it.`
  return `[An output of about ${tokens} tokens was here. It is cleared to make room. ${back}]`
}

function withoutItsMiddle(message: ToolMessage, tokens: number, rules: ShowRules): ToolMessage {
  const texts: string[] = []
  const media: ToolResultPart[] = []
  for (const part of message.parts) {
    const text = textOfPart(part)
    if (text === undefined) media.push(part)
    else texts.push(text)
  }
  const text = texts.join('\n')
  const maxLength = Math.floor((text.length * rules.outputAtMost) / tokens)
  if (text.length <= maxLength) return message
  const back = rules.settings.recall
    ? ` Call ${RECALL_TOOL} with {"id":${JSON.stringify(message.id)}} to see them.`
    : ''
  const shown = withoutMiddle(
    text,
    maxLength,
    (left) => `[… ${left} of ${text.length} characters left out: more than fits.${back} …]`,
  )
  return { ...message, parts: [{ kind: 'text', text: shown }, ...media] }
}
