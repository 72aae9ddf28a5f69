/**
 * The process that gets killed: runs turns over the real SQLite store and says on stdout, one line each, what it has acknowledged.
 * Arguments: session id or `-`, effects file. HALTER_HOME names the store's folder.
 */
import { appendFileSync, writeSync } from 'node:fs'
import process from 'node:process'
import { definePlugin, defineTool, jsonSchema, type ModelPart, type Provider } from '@halter/core'
import { isStored } from '@halter/protocol'
import { createRuntime } from '../../src/index.ts'

const [sessionId = '-', effectsFile = ''] = process.argv.slice(2)

/** Synchronous, so that a line that was written is a line that the parent gets. */
function say(line: string): void {
  writeSync(1, `${line}\n`)
}

const effect = defineTool({
  name: 'effect',
  description: 'Has an effect outside.',
  input: jsonSchema<{ id: string }>({
    type: 'object',
    properties: { id: { type: 'string' } },
    required: ['id'],
  }),
  effects: 'unsafe',
  concurrency: 'parallel',
  async execute({ id }, { callId }) {
    appendFileSync(effectsFile, `${callId} ${id}\n`)
    say(`effect ${callId}`)
    await new Promise((resolve) => setTimeout(resolve, 3))
    return `did ${id}`
  },
})

let calls = 0
const provider: Provider = {
  name: 'crash',
  accepts: (model) => model === 'crash',
  info: (model) => ({ model, window: 100_000, maxOutput: 1000, capabilities: {} }),
  async *stream(): AsyncGenerator<ModelPart> {
    const call = `${process.pid}-${calls++}`
    for (let index = 0; index < 5; index++) {
      yield { type: 'text.delta', id: 'text', text: `word ${index} ` }
      say('delta')
      await new Promise((resolve) => setImmediate(resolve))
    }
    for (const index of calls % 4 === 0 ? [] : [0, 1]) {
      yield { type: 'toolInput.start', id: `b${index}`, callId: `${call}-${index}`, name: 'effect' }
      yield { type: 'toolInput.delta', id: `b${index}`, text: JSON.stringify({ id: `${call}-${index}` }) }
      yield { type: 'toolInput.end', id: `b${index}` }
    }
    yield { type: 'usage', usage: { inputTokens: 10, outputTokens: 10 } }
    yield { type: 'end', stopReason: 'end' }
  },
}

const crashing = definePlugin({
  name: 'crash-test',
  apiVersion: 1,
  contributes: ['providers', 'tools'],
  setup: () => ({ providers: [provider], tools: [effect] }),
})

const runtime = await createRuntime({ plugins: [crashing], defaultModel: 'crash' })
runtime.events.listen((event) => {
  if (isStored(event)) say(`ack ${event.seq} ${event.type}`)
})
const session = sessionId === '-' ? await runtime.newSession() : await runtime.resume(sessionId)
if (!session) throw new Error(`no session ${sessionId}`)
say(`session ${session.id}`)
for (;;) await session.submitTurn('go on').orThrow()
