import { appendFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { definePlugin, defineTool, jsonSchema, type Tool, type ToolSpecification } from '@halter/core'
import type { Json } from '@halter/protocol'
import { checkRules, toolRules, type ToolHarness } from '@halter/testkit'
import { describe, expect, test } from 'vitest'

interface Input {
  name: string
  waitMs?: number
}
type Spec = ToolSpecification<Input>

/** Lists a folder, and can be told to take its time; `change` breaks it. */
function harness(change: Partial<Spec> = {}, wrap: (tool: Tool) => Tool = (tool) => tool): ToolHarness {
  const tool = defineTool<Input>({
    name: 'list_names',
    description: 'Lists what begins with a name.',
    input: jsonSchema({
      type: 'object',
      properties: { name: { type: 'string' }, waitMs: { type: 'number' } },
      required: ['name'],
    }),
    effects: 'none',
    concurrency: 'parallel',
    async execute({ name, waitMs = 0 }, { workingDir, signal, emit }) {
      emit('looking')
      await sleep(waitMs, undefined, { signal })
      return { found: readdirSync(workingDir).filter((each) => each.startsWith(name)) }
    },
    ...change,
  })
  return {
    tool: wrap(tool),
    works: [{ name: 'a' }, { name: '' }],
    refuses: [{}, { name: 7 }],
    takesLong: { name: 'a', waitMs: 10_000 },
    prepare: (folder) => writeFileSync(join(folder, 'a.txt'), 'alpha'),
  }
}

const broken: readonly [what: string, harness: ToolHarness, rule: string][] = [
  [
    'has no description',
    harness({ description: ' ' }),
    'its name, description and schema are what model APIs take',
  ],
  [
    'takes a text instead of an object',
    harness({ jsonSchema: { type: 'string' } }),
    'its name, description and schema are what model APIs take',
  ],
  [
    'makes of an input what it would not take',
    harness({}, (tool) => ({
      ...tool,
      validate: async (input) => {
        const result = await tool.validate(input)
        return result.issues ? result : { value: { found: result.value } }
      },
    })),
    'an input that works passes its check, and so does what the check made of it',
  ],
  [
    'throws at a wrong input',
    harness({}, (tool) => ({
      ...tool,
      validate: (input) => ({ value: (input as { name: string }).name.trim() }),
    })),
    'an input that does not fit is refused with a reason, never with an exception',
  ],
  [
    'takes everything',
    harness({}, (tool) => ({ ...tool, validate: (input) => ({ value: input }) })),
    'an input that does not fit is refused with a reason, never with an exception',
  ],
  [
    'returns a date',
    harness({ execute: () => ({ at: new Date() }) as never }),
    'a result can be stored, and comes back as it was',
  ],
  [
    'returns parts of its own kind',
    harness({ execute: () => ({ parts: [{ kind: 'html', text: 'x' }] }) }),
    'a result can be stored, and comes back as it was',
  ],
  [
    'changes its input',
    harness({ execute: (input) => void (input.name = input.name.trim()) }),
    'its input stays as it is',
  ],
  [
    'does not look whether it was stopped',
    harness({ execute: () => sleep(3_000) }),
    'a call that is stopped before it begins ends at once',
  ],
  [
    'ignores its signal once it runs',
    harness({ execute: (_, { signal }) => (signal.aborted ? 'stopped' : sleep(3_000)) }),
    'a call that is stopped in the middle ends at once, and shows nothing more',
  ],
  [
    'goes on showing output',
    harness({
      async execute({ waitMs }, { emit, signal }) {
        if (waitMs === undefined) return
        const timer = setInterval(() => emit('still here'), 5)
        setTimeout(() => clearInterval(timer), 300)
        await sleep(waitMs, undefined, { signal })
      },
    }),
    'a call that is stopped in the middle ends at once, and shows nothing more',
  ],
  [
    'leaves a file behind',
    harness({ execute: (_, { workingDir }) => writeFileSync(join(workingDir, 'log'), 'x') }),
    'a tool without effects changes no file',
  ],
  [
    'is not idempotent',
    harness({
      effects: 'idempotent',
      execute: (_, { workingDir }) => appendFileSync(join(workingDir, 'log'), 'x'),
    }),
    'running an idempotent call twice leaves what running it once leaves',
  ],
  ['mixes up calls', harness(mixing()), 'calls beside each other answer as calls after each other do'],
  [
    'has to think about approval',
    harness({ needsApproval: (async () => undefined) as never }),
    'whether it needs approval is said at once, with a reason, and changes nothing',
  ],
  [
    'does not say why it needs approval',
    harness({ needsApproval: () => ({ reason: '' }) }),
    'whether it needs approval is said at once, with a reason, and changes nothing',
  ],
]

/** One place for the input of all calls. */
function mixing(): Partial<Spec> {
  let current = ''
  return {
    async execute({ name }) {
      current = name
      await sleep(2)
      return current
    },
  }
}

test('a tool that does everything right keeps every rule', async () => {
  const outcomes = await checkRules(toolRules, harness())
  expect(outcomes.filter(({ status }) => status !== 'kept')).toEqual([])
})

describe('a broken tool is caught by the rule it breaks', () => {
  test.each(broken)('that %s', async (_, tool, name) => {
    const rule = toolRules.filter((each) => each.name === name)
    expect(await checkRules(rule, tool)).toMatchObject([{ name, status: 'broken' }])
  })

  test('and every rule has one that breaks it', () => {
    expect(new Set(broken.map(([, , name]) => name))).toEqual(new Set(toolRules.map(({ name }) => name)))
  })
})

test('rules about effects that a tool has are skipped by name', async () => {
  const { takesLong: _, ...unsafe } = harness({ effects: 'unsafe', concurrency: 'exclusive' })
  const skipped = (await checkRules(toolRules, unsafe)).filter(({ status }) => status === 'skipped')
  expect(skipped.map(({ reason }) => reason)).toEqual([
    'the harness names no input that takes long',
    'its effects are unsafe',
    'its effects are unsafe',
    'it has effects, or runs alone',
  ])
})

test('a tool sees what it has noted, when the harness says whose it is', async () => {
  const plugin = definePlugin({
    name: '@acme/counter',
    apiVersion: 1,
    sessionState: { version: 1, initial: 0, reduce: (count) => Number(count) + 1 },
    setup: () => ({}),
  })
  const counted: (Json | undefined)[] = []
  const counting = harness({
    effects: 'unsafe',
    concurrency: 'exclusive',
    async execute(_, { session, signal }) {
      signal.throwIfAborted()
      await session.note('counted', null)
      counted.push(session.state.plugins.get('@acme/counter')?.value)
      return { count: counted.at(-1) ?? null }
    },
  })
  const { takesLong: _, ...short } = counting
  const rule = toolRules.filter(({ name }) => name === 'a result can be stored, and comes back as it was')
  expect(await checkRules(rule, { ...short, plugin })).toMatchObject([{ status: 'kept' }])
  // One session for each input.
  expect(counted.splice(0)).toEqual([1, 1])
  await checkRules(rule, short)
  expect(counted).toEqual([undefined, undefined])
})
