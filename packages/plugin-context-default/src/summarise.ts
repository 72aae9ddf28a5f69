import type { ContextInput, ModelReply, ModelRequest, Obligation } from '@halter/core'
import { textOf, transcript, type Message } from '@halter/protocol'
import { PLUGIN } from './context-state.ts'
import { loadCompactionPrompt } from './load-compaction-prompt.ts'
import { listObligations } from './obligations.ts'
import { renderConversation } from './render-conversation.ts'

/** How to ask for a summary. */
export interface SummaryTexts {
  /** Absent: the shipped one. */
  readonly prompt: string | undefined
  /** Added after it; blank ones are ignored. */
  readonly instructions: readonly (string | undefined)[]
}

/** What to summarise. */
export interface SummaryMaterial {
  readonly messages: readonly Message[]
  /** Those of them that are only mentioned. */
  readonly leftOut: ReadonlySet<Message>
  /** What the summary must say word for word. */
  readonly obligations: readonly Obligation[]
  /** Of the model, in tokens. */
  readonly window: number
  /** What a text weighs, as this provider counts. */
  weigh(text: string): number
}

/** A summary as a model wrote it, unjudged. */
export interface WrittenSummary {
  readonly text: string
  /** Why it cannot be used as it is, in words that follow "it". */
  readonly flaw?: string
}

/** Tokens that a summary may take at most. */
const SUMMARY_TOKENS = 8192
/** Share of the window that a request for a summary fills at most: its size is an estimate. */
const MOST_OF_WINDOW = 0.8

/** For what a character weighs. */
const SAMPLE = 'plain text '.repeat(100)

/** Has the session's model summarise messages. @throws what the call failed with. */
export async function summarise(
  material: SummaryMaterial,
  input: ContextInput,
  texts: SummaryTexts,
): Promise<WrittenSummary> {
  return readSummary(await input.callModel(summaryRequest(material, input, texts), 'compaction'))
}

/** The prompt and what is added to it, each once. */
export function joinInstructions({ prompt, instructions }: SummaryTexts): string {
  const asked = [...new Set(instructions.map((text) => text?.trim() ?? ''))].filter((text) => text !== '')
  return [(prompt ?? loadCompactionPrompt()).trim(), ...asked].join('\n\n')
}

function summaryRequest(
  { messages, leftOut, obligations, window, weigh }: SummaryMaterial,
  input: ContextInput,
  texts: SummaryTexts,
): ModelRequest {
  const { limits, state } = input
  const maxOutputTokens = limits.maxOutput > 0 ? Math.min(limits.maxOutput, SUMMARY_TOKENS) : SUMMARY_TOKENS
  const system = joinInstructions(texts)
  const kept =
    obligations.length === 0
      ? ''
      : `\n\nCopy each of these into the summary, word for word, where it belongs:\n${listObligations(obligations)}`
  const ending = `[End of the conversation. Write the summary of these ${messages.length} entries now.]${kept}`
  const room = window * MOST_OF_WINDOW - maxOutputTokens - weigh(system) - weigh(ending)
  const maxLength = Math.max(1000, Math.floor((room * SAMPLE.length) / Math.max(1, weigh(SAMPLE))))
  const conversation = renderConversation(messages, { maxLength, leftOut })
  return {
    ...requestBase(input),
    system: [{ id: 'compaction', text: system, stability: 'static', plugin: PLUGIN }],
    messages: transcript([
      {
        role: 'user',
        id: 'compaction',
        at: state.updatedAt,
        parts: [{ kind: 'text', text: `${conversation}\n\n${ending}` }],
        origin: 'compaction',
      },
    ]),
    tools: [],
    maxOutputTokens,
  }
}

/** What every request for a compaction says of itself. */
export function requestBase({ state, turnId, model }: ContextInput) {
  const { agent } = state.blueprint
  return {
    sessionId: state.sessionId,
    ...(turnId !== undefined && { turnId }),
    ...(agent !== undefined && { agent }),
    purpose: 'compaction',
    model: model.model,
    tail: [],
    breakpoints: [],
  } satisfies Partial<ModelRequest>
}

/** The text inside the summary tags; where a model wrote none, all but its analysis. */
function readSummary({ message }: ModelReply): WrittenSummary {
  const text = textOf(message)
  const tagged = /<summary>([\s\S]*)<\/summary>/.exec(text)?.[1]
  const summary = (tagged ?? text.replace(/<analysis>[\s\S]*?<\/analysis>/g, '')).trim()
  if (message.stopReason === 'refused') return { text: '', flaw: 'was refused by the model' }
  if (message.stopReason === 'max-output') return { text: '', flaw: 'was cut off at its longest' }
  return summary === '' ? { text: '', flaw: 'was empty' } : { text: summary }
}
