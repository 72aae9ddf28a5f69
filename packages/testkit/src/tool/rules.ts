import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Json } from '@halter/protocol'
import type { Rule } from '../rule.ts'
import type { ToolHarness } from './harness.ts'
import { ToolPlace, type ToolOutcome } from './tool-place.ts'

/** How long a tool may take to settle once it is stopped: the runtime's own grace. Milliseconds. */
const GRACE_MS = 1_000
/** How long a run goes on before it is stopped. Milliseconds. */
const BEFORE_STOP_MS = 50
/** What no tool takes: its input is an object. */
const NEVER_INPUT: readonly Json[] = [null, true, 7, 'text', [], ['text']]
const NAME = /^[A-Za-z0-9_-]{1,64}$/
const PART_KINDS: ReadonlySet<unknown> = new Set(['text', 'image', 'document', 'json'])

/** Everything that a tool promises. */
export const toolRules: readonly Rule<ToolHarness>[] = [
  required('its name, description and schema are what model APIs take', async ({ tool }) => {
    assert.match(tool.name, NAME)
    assert.notEqual(tool.description.trim(), '', 'a model cannot choose a tool without a description')
    assert.equal(tool.inputSchema['type'], 'object', 'the input of a tool is an object')
    assert.deepEqual(JSON.parse(JSON.stringify(tool.inputSchema)), tool.inputSchema)
  }),

  required('an input that works passes its check, and so does what the check made of it', async (harness) => {
    const { tool, works } = harness
    assert(works.length > 0, 'the harness names no input that works')
    for (const input of works) {
      const once = await tool.validate(structuredClone(input))
      assert(!once.issues, `${show(input)} is refused: ${show(once.issues as unknown as Json)}`)
      const again = await tool.validate(structuredClone(once.value))
      assert.deepEqual(again.issues ? again.issues : again.value, once.value)
    }
  }),

  required(
    'an input that does not fit is refused with a reason, never with an exception',
    async (harness) => {
      for (const input of [...NEVER_INPUT, ...(harness.refuses ?? [])]) {
        const { issues } = await harness.tool.validate(input)
        assert(issues !== undefined && issues.length > 0, `${show(input)} is taken`)
        for (const { message } of issues)
          assert.notEqual(message.trim(), '', `${show(input)} without a reason`)
      }
    },
  ),

  each('a result can be stored, and comes back as it was', async (place, input) => {
    const value = returned(await place.run(input), input)
    if (value === undefined) return
    assert.deepEqual(JSON.parse(JSON.stringify(value)), value, 'it changes when it is stored')
    if (typeof value !== 'object' || value === null || !('parts' in value)) return
    const kinds = (value.parts as readonly { readonly kind?: unknown }[]).map(({ kind }) => kind)
    assert.deepEqual(
      kinds.filter((kind) => !PART_KINDS.has(kind)),
      [],
      'it has parts that no transcript has',
    )
  }),

  each('its input stays as it is', async (place, input, { tool }) => {
    const checked = await tool.validate(structuredClone(input))
    assert(!checked.issues)
    const before = structuredClone(checked.value)
    returned(await place.runChecked(freeze(checked.value)), input)
    assert.deepEqual(checked.value, before)
  }),

  each('a call that is stopped before it begins ends at once', async (place, input) => {
    await withinGrace(place.run(input, AbortSignal.abort(new Error('stopped'))))
  }),

  {
    ...required('a call that is stopped in the middle ends at once, and shows nothing more', (harness) =>
      ToolPlace.with(harness, async (place) => {
        const controller = new AbortController()
        const run = place.run(harness.takesLong!, controller.signal)
        const isOver = await Promise.race([run.then(() => true), sleep(BEFORE_STOP_MS, false)])
        assert(!isOver, `the input of "takesLong" took less than ${BEFORE_STOP_MS} ms`)
        controller.abort(new Error('stopped'))
        await withinGrace(run)
        const shown = place.emitted.length
        await sleep(BEFORE_STOP_MS)
        assert.equal(place.emitted.length, shown, 'it showed output after it had ended')
      }),
    ),
    skip: async ({ takesLong }) =>
      takesLong === undefined ? 'the harness names no input that takes long' : undefined,
  },

  {
    ...each('a tool without effects changes no file', async (place, input) => {
      const before = await place.files()
      returned(await place.run(input), input)
      assert.deepEqual(await place.files(), before)
    }),
    skip: async ({ tool }) => (tool.effects === 'none' ? undefined : `its effects are ${tool.effects}`),
  },

  {
    ...each('running an idempotent call twice leaves what running it once leaves', async (place, input) => {
      returned(await place.run(input), input)
      const once = await place.files()
      returned(await place.run(input), input)
      assert.deepEqual(await place.files(), once)
    }),
    skip: async ({ tool }) => (tool.effects === 'unsafe' ? 'its effects are unsafe' : undefined),
  },

  {
    ...required('calls beside each other answer as calls after each other do', (harness) =>
      ToolPlace.with(harness, async (place) => {
        const inputs = Array.from({ length: 4 }, () => harness.works).flat()
        const alone: ToolOutcome[] = []
        for (const input of inputs) alone.push(await place.run(input))
        assert.deepEqual(await Promise.all(inputs.map((input) => place.run(input))), alone)
      }),
    ),
    skip: async ({ tool }) =>
      tool.effects === 'none' && tool.concurrency !== 'exclusive'
        ? undefined
        : 'it has effects, or runs alone',
  },

  each(
    'whether it needs approval is said at once, with a reason, and changes nothing',
    async (place, input, harness) => {
      const { tool } = harness
      const checked = await tool.validate(structuredClone(input))
      assert(!checked.issues)
      const before = await place.files()
      const need: unknown = tool.needsApproval?.(freeze(checked.value), { workingDir: place.folder })
      assert(!(need instanceof Promise), 'a promise is no answer: it would always mean yes')
      if (need !== undefined) assert.notEqual((need as { reason: string }).reason.trim(), '')
      assert.deepEqual(await place.files(), before)
    },
  ),
]

function required(name: string, check: (harness: ToolHarness) => Promise<void>): Rule<ToolHarness> {
  return { name, run: check }
}

/** A rule about every input that works, each in a fresh folder. */
function each(
  name: string,
  check: (place: ToolPlace, input: Json, harness: ToolHarness) => Promise<void>,
): Rule<ToolHarness> {
  return required(name, async (harness) => {
    for (const input of harness.works) await ToolPlace.with(harness, (place) => check(place, input, harness))
  })
}

function returned(outcome: ToolOutcome, input: Json): unknown {
  if (outcome.status === 'threw') throw new Error(`${show(input)} should work`, { cause: outcome.error })
  const { value } = outcome
  const isError = typeof value === 'object' && value !== null && 'isError' in value && value.isError === true
  assert(!isError, `${show(input)} should work, and was answered with an error: ${show(value as Json)}`)
  return value
}

async function withinGrace(run: Promise<unknown>): Promise<void> {
  const late = sleep(GRACE_MS, 'late' as const)
  assert.notEqual(
    await Promise.race([run.then(() => 'settled'), late]),
    'late',
    `it went on for ${GRACE_MS} ms`,
  )
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value)
    Object.values(value).forEach(freeze)
  }
  return value
}

function show(value: Json | undefined): string {
  return (JSON.stringify(value) ?? 'undefined').slice(0, 300)
}
