// One plugin with everything a first plugin needs: options, a tool, a guard, and state of its own in every session.
// Runs offline: the model follows `scripts/first-plugin.json`.
import { join } from 'node:path'
import { createRuntime, definePlugin, defineTool, jsonSchema } from 'halter'

/** A tool is a value, too: its input is checked before `execute` sees it. */
const wordCount = defineTool({
  name: 'word_count',
  description: 'Counts the words of a text.',
  input: jsonSchema<{ text: string }>({
    type: 'object',
    properties: { text: { type: 'string' } },
    required: ['text'],
  }),
  effects: 'none',
  concurrency: 'parallel',
  execute: ({ text }) => ({ words: text.split(/\s+/).filter(Boolean).length }),
})

/** Importing a plugin runs nothing; `setup` runs once, when a runtime starts. */
const houseRules = definePlugin({
  name: '@acme/house-rules',
  apiVersion: 1,
  // Defaults belong into the schema: `config` below is always complete.
  config: jsonSchema<{ forbidden: string[] }>({
    type: 'object',
    properties: { forbidden: { type: 'array', items: { type: 'string' }, default: ['shell'] } },
  }),
  contributes: ['tools'],
  // Notes are events of the session. What they fold to survives a crash, a resume and a fork.
  sessionState: {
    version: 1,
    initial: { refused: 0 },
    reduce: (state) => ({ refused: (state as { refused: number }).refused + 1 }),
  },
  setup({ config, hooks }) {
    // A guard sees the final input, after every transform. One that throws or hangs denies.
    hooks.tap('toolCall.guard', async ({ name }, { session }) => {
      if (!config.forbidden.includes(name)) return undefined
      await session.note('refused', { name })
      return { deny: `No ${name} in this house.` }
    })
    return { tools: [wordCount] }
  },
})

export default houseRules

if (import.meta.main) {
  await using runtime = await createRuntime({
    plugins: [[houseRules, { forbidden: ['shell', 'write'] }]],
    defaultModel: `scripted/${join(import.meta.dirname, 'scripts/first-plugin.json')}`,
  })
  const session = await runtime.newSession()
  const { messages, text } = await session.submitTurn('Count, then list the files.').orThrow()

  for (const message of messages)
    if (message.role === 'tool') console.log(`${message.name}: ${JSON.stringify(message.parts)}`)
  console.log(text)
  console.log('state:', session.state.plugins.get('@acme/house-rules')?.value)
}
