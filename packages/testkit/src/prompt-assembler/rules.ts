import assert from 'node:assert/strict'
import type { AssembledPrompt } from '@halter/core'
import type { PromptSegment, Transcript } from '@halter/protocol'
import type { Rule } from '../rule.ts'
import { required, type AssemblerHarness } from './harness.ts'
import { withMovingDate } from './moving-time.ts'
import { sampleInput, sampleMessages, sampleSegment } from './samples.ts'

/** Looks at a transcript that one step may take, however long it is. */
const MAX_LOOKS = 1_000

/** Everything that a prompt assembler promises. */
export const promptAssemblerRules: readonly Rule<AssemblerHarness>[] = [
  required('the same input gives the same bytes, today and tomorrow', (assemble, create) =>
    withMovingDate(async (moveOn) => {
      const input = sampleInput({ hasTools: true, segments: [sampleSegment('hook', 'From a hook.')] })
      const first = bytesOf(await assemble(input))
      moveOn()
      assert.equal(bytesOf(await assemble(input)), first)
      assert.equal(bytesOf(await (await create())(input)), first)
    }),
  ),

  required('nothing that changes within a session changes the system part', async (assemble) => {
    const before = await assemble(sampleInput())
    const changes = [
      sampleInput({ environment: { date: '2027-02-03' } }),
      sampleInput({ environment: { git: { branch: 'other', isDirty: true } } }),
      sampleInput({ messages: sampleMessages(9) }),
      sampleInput({ segments: [sampleSegment('hook', 'Only now.'), sampleSegment('other', 'And this.')] }),
    ]
    for (const input of changes)
      assert.deepEqual(textsOf((await assemble(input)).system), textsOf(before.system))
  }),

  required('a segment that is for one turn is never in the system part', async (assemble) => {
    const { system } = await assemble(sampleInput({ segments: [sampleSegment('hook', 'Only now.')] }))
    const wrong = system.filter(({ stability }) => stability === 'turn').map(({ id }) => id)
    assert.deepEqual(wrong, [], 'these change from turn to turn, and break the cache of all behind them')
  }),

  required('no segment of the plan is lost, or there twice', async (assemble) => {
    const segments = [
      sampleSegment('turn', 'TEXT OF THE TURN'),
      sampleSegment('session', 'TEXT OF THE SESSION', 'session'),
      sampleSegment('static', 'TEXT OF ALWAYS', 'static'),
    ]
    const all = allText(await assemble(sampleInput({ segments })))
    for (const { id, text } of segments)
      assert.equal(all.split(text).length - 1, 1, `the plan's segment "${id}" must be in the prompt once`)
  }),

  required('the prompt has the messages of the plan, in their order', async (assemble) => {
    const input = sampleInput({ messages: sampleMessages(7) })
    assert.deepEqual([...(await assemble(input)).messages], [...input.plan.messages])
  }),

  required(
    'a session’s own system prompt is in the system part, and what it adds behind it',
    async (assemble) => {
      const seed: PromptSegment = { id: 'seed', text: 'OWN SYSTEM PROMPT', stability: 'session' }
      const blueprint = { seed: [seed], appendSystemPrompt: 'ADDED BY THE SESSION' }
      const text = textsOf((await assemble(sampleInput({ blueprint }))).system).join('\n')
      assert(text.includes(seed.text), 'the system prompt of the session is missing')
      assert(text.indexOf(blueprint.appendSystemPrompt) > text.indexOf(seed.text), 'what it adds is missing')
    },
  ),

  required('instruction files are in the prompt, the nearest last', async (assemble) => {
    const instructions = [
      { source: '/AGENTS.md', text: 'FAR INSTRUCTION' },
      { source: '/project/AGENTS.md', text: 'NEAR INSTRUCTION' },
    ]
    const text = allText(await assemble(sampleInput({ resources: { revision: 'r', instructions } })))
    assert(text.includes('FAR INSTRUCTION'), 'an instruction file is missing')
    assert(
      text.indexOf('NEAR INSTRUCTION') > text.indexOf('FAR INSTRUCTION'),
      'the nearest has the last word',
    )
  }),

  required('no segment is blank, because model APIs refuse blank text', async (assemble) => {
    const blueprint = {
      seed: [sampleSegment('seed', ' \n', 'session')],
      appendSystemPrompt: '',
    }
    const { system, tail } = await assemble(sampleInput({ blueprint, segments: [sampleSegment('hook', '')] }))
    for (const { id, text } of [...system, ...tail])
      assert.notEqual(text.trim(), '', `the segment "${id}" is blank`)
  }),

  required('every segment has an id of its own, so that a broken cache can be blamed', async (assemble) => {
    const { system, tail } = await assemble(sampleInput({ segments: [sampleSegment('hook', 'x')] }))
    const ids = [...system, ...tail].map(({ id }) => id)
    assert.deepEqual(
      ids.filter((id, index) => id === '' || ids.indexOf(id) !== index),
      [],
    )
  }),

  required('there are at most four breakpoints, each at a place that exists', async (assemble) => {
    for (const hasTools of [true, false])
      for (const count of [0, 1, 8]) {
        const input = sampleInput({ messages: sampleMessages(count), hasTools })
        checkBreakpoints(await assemble(input), hasTools)
      }
  }),

  required('what it is given stays as it is', async (assemble) => {
    const input = sampleInput({ hasTools: true, segments: [sampleSegment('hook', 'x')] })
    freeze(input.plan.segments)
    freeze(input.tools)
    freeze(input.blueprint)
    freeze(input.resources)
    await assemble(input)
  }),

  required('a step costs the same at any length of the transcript', async (assemble) => {
    const messages = new CountedTranscript(sampleMessages(100_000))
    await assemble(sampleInput({ messages }))
    assert(
      messages.looks <= MAX_LOOKS,
      `it looked at ${messages.looks} of 100000 messages; at most ${MAX_LOOKS} is a cost that stays`,
    )
  }),
]

function checkBreakpoints({ breakpoints, system, messages }: AssembledPrompt, hasTools: boolean): void {
  assert(breakpoints.length <= 4, `there are ${breakpoints.length} breakpoints`)
  for (const breakpoint of breakpoints) {
    const shown = JSON.stringify(breakpoint)
    if (breakpoint.after === 'tools') assert(hasTools, `${shown}, and there are no tools`)
    else {
      const length = breakpoint.after === 'system' ? system.length : messages.length
      assert(breakpoint.index >= 0 && breakpoint.index < length, `${shown}, and there are ${length}`)
    }
  }
  assert.equal(new Set(breakpoints.map((each) => JSON.stringify(each))).size, breakpoints.length)
}

/** A transcript that counts how often somebody looks into it. */
class CountedTranscript implements Transcript {
  looks = 0
  readonly #messages: Transcript

  constructor(messages: Transcript) {
    this.#messages = messages
  }

  get length(): number {
    return this.#messages.length
  }

  at(index: number): ReturnType<Transcript['at']> {
    this.looks += 1
    return this.#messages.at(index)
  }

  slice(start?: number, end?: number): ReturnType<Transcript['slice']> {
    const part = this.#messages.slice(start, end)
    this.looks += part.length
    return part
  }

  *[Symbol.iterator](): Generator<ReturnType<Transcript['slice']>[number]> {
    for (const message of this.#messages) {
      this.looks += 1
      yield message
    }
  }
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  Object.values(value).forEach(freeze)
}

function bytesOf({ system, messages, tail, breakpoints }: AssembledPrompt): string {
  return JSON.stringify([system, [...messages], tail, breakpoints])
}

function textsOf(segments: readonly PromptSegment[]): readonly string[] {
  return segments.map(({ text }) => text)
}

function allText({ system, tail }: AssembledPrompt): string {
  return textsOf([...system, ...tail]).join('\n')
}
