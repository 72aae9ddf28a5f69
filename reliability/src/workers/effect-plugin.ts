import { appendFileSync } from 'node:fs'
import { setImmediate as tick, setTimeout as sleep } from 'node:timers/promises'
import {
  definePlugin,
  defineTool,
  jsonSchema,
  type ModelPart,
  type Plugin,
  type Provider,
} from '@halter/core'
import type { Statement } from '../crash/statement.ts'

/** What the model and tools of a worker are made from. */
export interface EffectOptions {
  /** Where tools write that they have had their effect: a line of session, call, kind. */
  readonly effects: string
  readonly random: () => number
  readonly say: (statement: Statement) => void
}

/** A model "crash" that streams a little, then asks for two effects or says nothing more; and the tools that have them. */
export function effectPlugin(options: EffectOptions): Plugin {
  return definePlugin({
    name: '@halter/reliability/effects',
    apiVersion: 1,
    contributes: ['providers', 'tools'],
    setup: () => ({
      providers: [provider(options)],
      tools: [effectTool('strike', 'unsafe', options), effectTool('mark', 'idempotent', options)],
    }),
  })
}

function effectTool(name: string, kind: 'unsafe' | 'idempotent', { effects, random, say }: EffectOptions) {
  return defineTool({
    name,
    description: 'Has an effect outside.',
    input: jsonSchema<{ id: string }>({
      type: 'object',
      properties: { id: { type: 'string' } },
      required: ['id'],
    }),
    effects: kind,
    concurrency: 'parallel',
    async execute(_input, { callId, sessionId }) {
      appendFileSync(effects, `${sessionId} ${callId} ${kind}\n`)
      say(['effect', callId])
      await sleep(random() * 12)
      return random() < 0.1 ? 'large '.repeat(5000) : 'done'
    },
  })
}

function provider({ random, say }: EffectOptions): Provider {
  let calls = 0
  return {
    name: 'crash',
    accepts: (model) => model === 'crash',
    info: (model) => ({ model, window: 100_000, maxOutput: 1000, capabilities: {} }),
    async *stream({ purpose }): AsyncGenerator<ModelPart> {
      const call = `${process.pid}-${calls++}`
      for (let index = 0; index < 3; index++) {
        yield { type: 'text.delta', id: 'text', text: `word ${index} ` }
        say(['delta'])
        await tick()
      }
      for (const index of purpose !== 'turn' || random() < 0.4 ? [] : [0, 1]) {
        const id = `b${index}`
        const name = index === 0 ? 'strike' : 'mark'
        yield { type: 'toolInput.start', id, callId: `${call}-${index}`, name }
        yield { type: 'toolInput.delta', id, text: JSON.stringify({ id: call }) }
        yield { type: 'toolInput.end', id }
      }
      yield { type: 'usage', usage: { inputTokens: 10, outputTokens: 10 } }
      yield { type: 'end', stopReason: 'end' }
    },
  }
}
