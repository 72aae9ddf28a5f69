// Two suites in one file: a tool, which says what works, what is refused and what takes long, and a prompt assembler.
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineTool, jsonSchema, type PromptAssembler } from '@halter/core'
import type { Conformance } from '@halter/testkit/rules'

const count = defineTool({
  name: 'count_files',
  description: 'Counts the files of the working directory, after "wait" milliseconds.',
  input: jsonSchema<{ wait: number }>({
    type: 'object',
    properties: { wait: { type: 'integer', minimum: 0, default: 0 } },
  }),
  effects: 'none',
  concurrency: 'read-only',
  async execute({ wait }, { signal, workingDir }) {
    await sleep(wait, undefined, { signal })
    return readdirSync(workingDir).length
  },
})

const assembler: PromptAssembler = {
  assemble({ blueprint, resources, plan }) {
    const session = { stability: 'session' as const, plugin: '@acme/assembler' }
    const segments = [
      ...(blueprint.seed ?? [{ ...session, id: 'role', text: 'Answer in one sentence.' }]),
      { ...session, id: 'added', text: blueprint.appendSystemPrompt ?? '' },
      ...resources.instructions.map(({ source, text }) => ({ ...session, id: source, text })),
      ...plan.segments,
    ].filter(({ text }) => text.trim() !== '')
    return {
      system: segments.filter(({ stability }) => stability !== 'turn'),
      messages: plan.messages,
      tail: segments.filter(({ stability }) => stability === 'turn'),
      breakpoints: [],
    }
  },
}

export default [
  {
    kind: 'tool',
    harness: {
      tool: count,
      works: [{}, { wait: 1 }],
      refuses: [{ wait: -1 }, { wait: 'long' }],
      takesLong: { wait: 20_000 },
      prepare: (folder) => writeFileSync(join(folder, 'one.txt'), ''),
    },
  },
  { kind: 'promptAssembler', harness: { create: () => assembler } },
] satisfies Conformance[]
