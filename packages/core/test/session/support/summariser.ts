import {
  definePlugin,
  type CompactionResult,
  type ContextInput,
  type ModelRequest,
  type Plugin,
} from '@halter/core'
import type { CompactionTrigger } from '@halter/protocol'

/**
 * A context manager that has a model sum up all but the newest exchange: when it is asked to, and by itself once more than
 * `maxMessages` are in the window.
 */
export function summariser(maxMessages = Infinity): Plugin {
  return definePlugin({
    name: 'summariser',
    apiVersion: 1,
    provides: ['contextManager'],
    setup: () => ({
      contextManager: {
        async plan(input) {
          const { transcript: messages, injected: segments } = input.state
          const plan = { messages, segments, estimatedTokens: input.estimatedTokens }
          if (messages.length <= maxMessages) return plan
          const result = await compact(input, 'auto')
          return result ? { ...plan, compaction: result.outcome } : plan
        },
        compactNow: ({ trigger }, input) => compact(input, trigger),
      },
    }),
  })
}

async function compact(
  input: ContextInput,
  trigger: CompactionTrigger,
): Promise<CompactionResult | undefined> {
  const { transcript, seqs, sessionId } = input.state
  const newest = transcript.slice().findLastIndex(({ role }) => role === 'user')
  if (newest <= 0) return undefined
  const request: ModelRequest = {
    sessionId,
    purpose: 'compaction',
    model: input.model.model,
    system: [],
    messages: transcript,
    tail: [],
    tools: [],
    breakpoints: [],
  }
  const reply = await input.callModel(request, 'compaction')
  const droppedSeqs = seqs
    .slice(0, newest)
    .toSorted((a, b) => a - b)
    .map((seq) => ({ from: seq, to: seq }))
  const tokens = { tokensBefore: input.estimatedTokens, tokensAfter: 10 }
  const [part] = reply.message.parts
  const summary = part?.kind === 'text' ? part.text : 'summed up'
  return { outcome: { trigger, droppedSeqs, summary, ...tokens } }
}
