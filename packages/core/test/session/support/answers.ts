import type { TestReply, TestScript } from '@halter/core/testing'
import type { Json, Message } from '@halter/protocol'
import { z } from 'zod'
import { startRuntime } from './runtime.ts'
import { echo } from './tools.ts'

/** How a model gives its answer: in a format of its own, or by a tool. */
export type Way = 'native' | 'tool'

/** What the model is asked for, as zod and as JSON Schema, and an answer that fits. */
export const weather = z.object({ city: z.string(), degrees: z.number() })
/** What the model is asked for, as zod and as JSON Schema, and an answer that fits. */
export const weatherShape = { type: 'object', required: ['city', 'degrees'] }
export const right = { city: 'Graz', degrees: 21 }

/** A session whose model takes a schema natively, or is given the answer tool. */
export async function answering(way: Way, script: TestScript) {
  const capabilities = way === 'native' ? { structuredOutput: true } : {}
  const { runtime, provider } = await startRuntime({ script, modelInfo: { capabilities } })
  const session = await runtime.newSession({ tools: [echo], maxTurns: 10 })
  return { runtime, session, provider }
}

/** A reply that gives `answer` in the way the model has. */
export function gives(way: Way, answer: Json): TestReply {
  return way === 'native'
    ? { text: JSON.stringify(answer) }
    : { toolCalls: [{ name: 'final_answer', input: { answer } }] }
}

/** The last message of the user's side: what the model was told. */
export function told(message: Message | undefined): string {
  const [part] = message?.parts ?? []
  return part?.kind === 'text' ? part.text : ''
}
