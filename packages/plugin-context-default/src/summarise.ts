import { HalterError, type ContextInput, type ModelReply, type ModelRequest } from '@halter/core'
import { textOf, transcript, type Message, type Usage } from '@halter/protocol'
import { loadCompactionPrompt } from './load-compaction-prompt.ts'
import { renderConversation } from './render-conversation.ts'

/** How to ask for a summary. */
export interface SummaryTexts {
  /** Absent: the shipped one. */
  readonly prompt: string | undefined
  /** Added after it; blank ones are ignored. */
  readonly instructions: readonly (string | undefined)[]
}

/** Tokens that a summary may take at most. */
const SUMMARY_TOKENS = 8192
/** Fewer than most texts have per token, so that the request fits. */
const CHARACTERS_PER_TOKEN = 3

/**
 * Has the session's model summarise messages.
 * @throws HalterError `ERR_MODEL_FAILED` when it gave no whole summary, and what the call failed with.
 */
export async function summarise(
  messages: readonly Message[],
  input: ContextInput,
  texts: SummaryTexts,
): Promise<{ readonly text: string; readonly usage: Usage }> {
  const reply = await input.callModel(summaryRequest(messages, input, texts), 'compaction')
  return { text: readSummary(reply, input.model.id), usage: reply.usage }
}

function summaryRequest(
  messages: readonly Message[],
  { state, turnId, model, limits }: ContextInput,
  { prompt = loadCompactionPrompt(), instructions }: SummaryTexts,
): ModelRequest {
  const plugin = '@halter/plugin-context-default'
  const maxOutputTokens = Math.min(limits.maxOutput, SUMMARY_TOKENS)
  const asked = [...new Set(instructions.map((text) => text?.trim() ?? ''))].filter((text) => text !== '')
  const system = [prompt.trim(), ...asked].join('\n\n')
  const room = (limits.window - maxOutputTokens) * CHARACTERS_PER_TOKEN - system.length - 1000
  const conversation = renderConversation(messages, Math.max(1000, room))
  const text = `${conversation}\n\n[End of the conversation. Write the summary of these ${messages.length} entries now.]`
  return {
    sessionId: state.sessionId,
    ...(turnId !== undefined && { turnId }),
    ...(state.blueprint.agent !== undefined && { agent: state.blueprint.agent }),
    purpose: 'compaction',
    model: model.model,
    system: [{ id: 'compaction', text: system, stability: 'static', plugin }],
    messages: transcript([
      {
        role: 'user',
        id: 'compaction',
        at: state.updatedAt,
        parts: [{ kind: 'text', text }],
        origin: 'compaction',
      },
    ]),
    tail: [],
    tools: [],
    breakpoints: [],
    maxOutputTokens,
  }
}

/** The text inside the summary tags; where a model wrote none, all but its analysis. */
function readSummary({ message }: ModelReply, model: string): string {
  if (message.stopReason === 'max-output')
    throw failed(
      `The summary by "${model}" was cut off at its longest`,
      'Ask for a shorter one, or choose a model with more output',
    )
  const text = textOf(message)
  const tagged = /<summary>([\s\S]*)<\/summary>/.exec(text)?.[1]
  const summary = (tagged ?? text.replace(/<analysis>[\s\S]*?<\/analysis>/g, '')).trim()
  if (summary === '' || message.stopReason === 'refused')
    throw failed(`"${model}" wrote no summary`, 'Try again, or choose another model')
  return summary
}

function failed(what: string, cure: string): HalterError {
  return new HalterError('ERR_MODEL_FAILED', `${what}; nothing was compacted. ${cure}.`, {
    kind: 'invalid-request',
  })
}
