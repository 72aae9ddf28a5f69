import type { ModelPart } from '@halter/core'
import type { Answers } from './model.ts'

const USAGE: ModelPart = { type: 'usage', usage: { inputTokens: 10, outputTokens: 5 } }
const END: ModelPart = { type: 'end', stopReason: 'end' }
const CALLS: ModelPart = { type: 'end', stopReason: 'tool-calls' }

/** Every call gets one text, in `deltas` pieces. */
export function textIn(deltas: number): Answers {
  const pieces = Array.from({ length: deltas }, (): ModelPart => ({
    type: 'text.delta',
    id: 'text',
    text: 'tick ',
  }))
  const parts = [...pieces, USAGE, END]
  return () => parts
}

/** The first `steps` calls get `parallel` tool calls each, the one after them a text. */
export function toolSteps(steps: number, parallel = 1): Answers {
  const last = textIn(1)
  return (call) => (call < steps ? [...toolCalls(call, parallel), USAGE, CALLS] : last(call))
}

function toolCalls(step: number, parallel: number): ModelPart[] {
  const parts: ModelPart[] = []
  for (let index = 0; index < parallel; index++) {
    const id = `${step}-${index}`
    parts.push(
      { type: 'toolInput.start', id, callId: `call-${id}`, name: 'look' },
      { type: 'toolInput.delta', id, text: `{"at":${step},` },
      { type: 'toolInput.delta', id, text: '"path":"src/main.ts"}' },
      { type: 'toolInput.end', id },
    )
  }
  return parts
}
