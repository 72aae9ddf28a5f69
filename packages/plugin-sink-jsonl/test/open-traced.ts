import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { definePlugin, defineTool, jsonSchema, type PluginEntry } from '@halter/core'
import { createTestRuntime, type TestRuntime } from '@halter/core/testing'
import keyvStorage from '@halter/plugin-keyv-storage'
import sinkJsonl from '@halter/plugin-sink-jsonl'
import sqliteStore from '@halter/plugin-sqlite-store'

/** Ids that are new in every process. */
const uuids = definePlugin({
  name: 'uuids',
  apiVersion: 1,
  provides: ['ids'],
  setup: () => ({ ids: { next: () => randomUUID() } }),
})

const ask = defineTool({
  name: 'ask_child',
  description: 'Asks a child session.',
  input: jsonSchema<object>({ type: 'object' }),
  effects: 'none',
  concurrency: 'parallel',
  async execute(_, { session }) {
    const child = await session.openChild({ task: 'Answer.', tools: [] })
    return (await child.result).text
  },
})

const tools = definePlugin({
  name: 'ask-child',
  apiVersion: 1,
  contributes: ['tools'],
  setup: () => ({ tools: [ask] }),
})

/**
 * A runtime over a SQLite file in `folder`, with the sink when there is a `dir`. Its model asks a child once, then answers;
 * the child answers at once.
 */
export function openTraced(
  folder: string,
  options: { readonly dir?: string | undefined; readonly plugins?: readonly PluginEntry[] } = {},
): Promise<TestRuntime> {
  const { dir, plugins = [] } = options
  const sink: readonly PluginEntry[] = dir === undefined ? [] : [[sinkJsonl, { dir, from: 'start' }]]
  return createTestRuntime({
    script: ({ tools: offered, messages }) =>
      offered.length > 0 && messages.at(-1)?.role === 'user'
        ? { toolCalls: [{ name: 'ask_child' }] }
        : { text: 'It is so.' },
    plugins: [
      [sqliteStore, { path: join(folder, 'sessions.db') }],
      keyvStorage,
      uuids,
      tools,
      ...plugins,
      ...sink,
    ],
  })
}
