// Retrieval: a plugin that wraps the prompt assembler, whichever it is, and adds what it found on the question. What was found
// changes with every question, so it goes to the tail: the cached part of the prompt stays as it is.
import { join } from 'node:path'
import { createRuntime, definePlugin, jsonSchema } from 'halter'
import type { PromptAssembler } from '@halter/core'
import memoryStore from '@halter/plugin-memory-store'
import type { Message, Transcript } from '@halter/protocol'

/** So far back a question is looked for: a step must cost the same in a long session. */
const LOOK_BACK = 50

/** Notes by their words. A real one would ask an index, and pass `signal` on. */
export class NoteIndex {
  readonly #notes: readonly { readonly text: string; readonly words: ReadonlySet<string> }[]

  constructor(notes: readonly string[]) {
    this.#notes = notes.map((text) => ({ text, words: wordsOf(text) }))
  }

  /** The note that shares most words with a question, at least two. */
  find(question: string): string | undefined {
    const asked = wordsOf(question)
    let best: { readonly text: string; readonly shared: number } | undefined
    for (const { text, words } of this.#notes) {
      const shared = asked.intersection(words).size
      if (shared >= 2 && shared > (best?.shared ?? 0)) best = { text, shared }
    }
    return best?.text
  }
}

/** Another assembler, with what was found on the newest question at the end of its tail. */
export function withNotes(inner: PromptAssembler, index: NoteIndex): PromptAssembler {
  return {
    async assemble(input, signal) {
      const prompt = await inner.assemble(input, signal)
      const found = index.find(newestQuestion(input.plan.messages))
      if (found === undefined) return prompt
      const note = {
        id: 'notes',
        text: `# From our notes\n\n${found}`,
        stability: 'turn' as const,
        plugin: NAME,
      }
      return { ...prompt, tail: [...prompt.tail, note] }
    },
  }
}

const NAME = '@acme/notes'

const notes = definePlugin({
  name: NAME,
  apiVersion: 1,
  config: jsonSchema<{ notes: string[] }>({
    type: 'object',
    properties: { notes: { type: 'array', items: { type: 'string' }, default: [] } },
  }),
  decorates: ['promptAssembler'],
  setup({ config }) {
    const index = new NoteIndex(config.notes)
    return { promptAssembler: (inner) => withNotes(inner, index) }
  },
})

function newestQuestion(messages: Transcript): string {
  for (let back = 1; back <= Math.min(LOOK_BACK, messages.length); back++) {
    const message = messages.at(-back)
    if (message?.role === 'user') return textOf(message)
  }
  return ''
}

function textOf({ parts }: Message): string {
  return parts.map((part) => (part.kind === 'text' ? part.text : '')).join('\n')
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.toLowerCase().match(/\p{L}{3,}/gu))
}

export default notes

if (import.meta.main) {
  await using runtime = await createRuntime({
    plugins: [
      [notes, { notes: ['The kettle boils a litre in four minutes.', 'The toaster takes two slices.'] }],
      memoryStore,
    ],
    defaultModel: `scripted/${join(import.meta.dirname, 'scripts/echo.mjs')}`,
  })
  const session = await runtime.newSession({ workingDir: import.meta.dirname })
  for (const question of [
    'How long until the kettle boils?',
    'How many slices does the toaster take?',
    'Thanks.',
  ]) {
    await session.submitTurn(question).orThrow()
    const { tail } = await runtime.inspectPrompt(session.id)
    console.log(`${question} ${tail.map(({ id, text }) => `[${id}] ${text.split('\n').at(-1)}`).join(' ')}`)
  }
  let broken = 0
  for await (const { type } of session.replay()) if (type === 'cache.broken') broken += 1
  console.log(`the cached part of the prompt changed ${broken} times`)
}
