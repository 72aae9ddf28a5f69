import { setImmediate as tick, setTimeout as sleep } from 'node:timers/promises'
import {
  definePlugin,
  defineTool,
  jsonSchema,
  type EventSink,
  type ModelPart,
  type Plugin,
  type Provider,
} from '@halter/core'

/** The model "soak" and its tools: looks, waits for ever, and hands work to a child session. */
export function soakPlugin(random: () => number): Plugin {
  return definePlugin({
    name: '@halter/reliability/soak',
    apiVersion: 1,
    contributes: ['providers', 'tools'],
    setup: ({ hooks }) => {
      hooks.tap('toolCall.guard', () => undefined)
      hooks.tap('toolResult.transform', (result) => result)
      return { providers: [provider(random)], tools: [look(random), wait, delegate] }
    },
  })
}

/** Goes and comes with every other reload: a tap, a tool and something to clean up. */
export function visitingPlugin(number: number): Plugin {
  return definePlugin({
    name: '@halter/reliability/visiting',
    apiVersion: 1,
    contributes: ['eventSinks'],
    setup: ({ hooks, defer }) => {
      const timer = setInterval(() => {}, 1000)
      defer(() => clearInterval(timer))
      hooks.tap('turn.start', async () => {
        await tick()
      })
      const sink: EventSink = { name: `visiting-${number % 2}`, write: () => tick() }
      return { eventSinks: [sink] }
    },
  })
}

const empty = { type: 'object', properties: {} } as const

function look(random: () => number) {
  return defineTool({
    name: 'look',
    description: 'Looks at something.',
    input: jsonSchema<Record<string, never>>(empty),
    effects: 'none',
    concurrency: 'parallel',
    async execute(_input, ctx) {
      ctx.emit('looking')
      if (random() < 0.2) await sleep(1)
      return random() < 0.05 ? 'a large result '.repeat(2000) : 'a result '.repeat(20)
    },
  })
}

const wait = defineTool({
  name: 'wait',
  description: 'Waits until it is interrupted.',
  input: jsonSchema<Record<string, never>>(empty),
  effects: 'none',
  concurrency: 'exclusive',
  execute: (_input, { signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    }),
})

const delegate = defineTool({
  name: 'delegate',
  description: 'Hands a task to a child session.',
  input: jsonSchema<Record<string, never>>(empty),
  effects: 'none',
  concurrency: 'exclusive',
  async execute(_input, { session, callId }) {
    const child = await session.openChild({ task: 'a small task', tools: ['look'], callId })
    return (await child.result).text
  },
})

function provider(random: () => number): Provider {
  let calls = 0
  return {
    name: 'soak',
    accepts: (model) => model === 'soak',
    info: (model) => ({ model, window: 100_000, maxOutput: 1000, capabilities: {} }),
    async *stream({ purpose, tools, messages }): AsyncGenerator<ModelPart> {
      const call = calls++
      for (let index = 0; index < 20; index++)
        yield { type: 'text.delta', id: 'text', text: `word ${index} ` }
      await tick()
      const names = purpose === 'turn' ? tools.map(({ name }) => name) : []
      const asked = wanted(messages.at(-1), names, random)
      for (const [index, name] of asked.entries()) {
        const id = `b${index}`
        yield { type: 'toolInput.start', id, callId: `${call}-${index}`, name }
        yield { type: 'toolInput.delta', id, text: '{}' }
        yield { type: 'toolInput.end', id }
      }
      yield { type: 'usage', usage: { inputTokens: 100, outputTokens: 20 } }
      yield { type: 'end', stopReason: asked.length > 0 ? 'tool-calls' : 'end' }
    },
  }
}

/** Which tools a reply asks for: what the prompt names, else a few looks now and then. */
function wanted(last: unknown, tools: readonly string[], random: () => number): readonly string[] {
  const text = JSON.stringify(last)
  const named = ['wait', 'delegate'].find((name) => tools.includes(name) && text.includes(`please ${name}`))
  if (named) return [named]
  return tools.includes('look') && random() < 0.5 ? ['look', 'look'] : []
}
