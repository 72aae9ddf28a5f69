import { defineTool, jsonSchema, definePlugin, type RuntimeOptions, type SessionRuntime } from '@halter/core'
import { createRuntime } from '@halter/core/host'
import contextDefault from '@halter/plugin-context-default'
import memoryStore from '@halter/plugin-memory-store'
import promptDefault from '@halter/plugin-prompt-default'
import scripted from '@halter/plugin-provider-scripted'
import system from '@halter/plugin-system'
import { onTestFinished } from 'vitest'
import aiSdk, { type AiSdkOptions } from '../../src/index.ts'
import { FakeApi, type Act, type FakeWire } from './fake-api.ts'

/** A tool that says what is in a file of its own. */
const look = defineTool<{ path: string }>({
  name: 'look',
  description: 'Says what is in a file.',
  input: jsonSchema({ type: 'object', properties: { path: { type: 'string' } }, required: ['path'] }),
  effects: 'none',
  concurrency: 'parallel',
  execute: ({ path }) => `Contents of ${path}.`,
})

const looking = definePlugin({
  name: 'looking',
  apiVersion: 1,
  contributes: ['tools'],
  setup: () => ({ tools: [look] }),
})

/** A tool whose result is a picture. */
const shoot = defineTool({
  name: 'shoot',
  description: 'Takes a picture.',
  input: jsonSchema({ type: 'object' }),
  effects: 'none',
  concurrency: 'parallel',
  execute: () => ({
    parts: [
      { kind: 'text', text: 'Here:' },
      { kind: 'image', mediaType: 'image/png', data: 'AAAA' },
    ],
  }),
})

/** Contributes a tool whose result is a picture. */
export const camera = definePlugin({
  name: 'camera',
  apiVersion: 1,
  contributes: ['tools'],
  setup: () => ({ tools: [shoot] }),
})

/** A real runtime, with the default plugins, over the plugin under test and a store in memory. */
export async function startRuntime(
  options: AiSdkOptions,
  more: RuntimeOptions = {},
): Promise<SessionRuntime> {
  const runtime = await createRuntime({
    ...more,
    plugins: [
      system,
      memoryStore,
      contextDefault,
      promptDefault,
      scripted,
      looking,
      [aiSdk, options],
      ...(more.plugins ?? []),
    ],
  })
  onTestFinished(async () => void (await runtime.shutdown({ drainMs: 0 })))
  return runtime
}

/** A server that is gone when the test is over. */
export async function startApi(wire: FakeWire, acts: readonly Act[] = []): Promise<FakeApi> {
  const api = await FakeApi.start(wire, acts)
  onTestFinished(() => api.close())
  return api
}

/** A reply that looks into a file. */
export function looksInto(path: string, more: object = {}): Act {
  const toolCalls = [{ id: `call_${path}`, name: 'look', input: JSON.stringify({ path }) }]
  return { act: 'reply', reply: { toolCalls, ...more } }
}

/** A reply of one text. */
export function says(...text: string[]): Act {
  return { act: 'reply', reply: { text } }
}
