import assert from 'node:assert/strict'
import { definePlugin, defineTool, jsonSchema, type ModelRequest, type PluginEntry } from '@halter/core'
import { createTestRuntime, type VirtualClock } from '@halter/core/testing'
import type { PromptSegment } from '@halter/protocol'
import { withMovingDate } from './moving-time.ts'

/** What {@link expectStablePrefix} does with the plugins. */
export interface StablePrefixOptions {
  /** One turn each, of two model calls. Default: three. */
  readonly prompts?: readonly string[]
}

/**
 * Runs a session with these plugins over several turns, days apart, on branches that change, and fails when what a provider caches
 * (tools, system prompt, the messages so far) changes from one call to the next. Where no plugin assembles prompts, segments go
 * where their stability says.
 * @throws AssertionError naming the segment, its plugin, and what it was and became.
 */
export async function expectStablePrefix(
  plugins: readonly PluginEntry[],
  { prompts = ['one', 'two', 'three'] }: StablePrefixOptions = {},
): Promise<void> {
  const requests = await withMovingDate((moveOn) => play(plugins, prompts, moveOn))
  for (const [index, request] of requests.slice(1).entries())
    assertSamePrefix(requests[index]!, request, `between model calls ${index + 1} and ${index + 2}`)
}

async function play(
  plugins: readonly PluginEntry[],
  prompts: readonly string[],
  moveOn: () => void,
): Promise<readonly ModelRequest[]> {
  const provided = new Set(plugins.flatMap((entry) => ('name' in entry ? entry : entry[0]).provides))
  const own = [changingPlace, bySegments].filter(
    ({ provides }) => !provides.some((slot) => provided.has(slot)),
  )
  const { runtime, provider, clock } = await createTestRuntime({
    plugins: [...plugins, ...own],
    script: ({ messages }) =>
      messages.at(-1)?.role === 'user' ? { toolCalls: [{ name: 'wait_a_while' }] } : { text: 'Done.' },
  })
  try {
    const session = await runtime.newSession({ tools: [waiting(clock, moveOn)] })
    for (const prompt of prompts) await session.submitTurn(prompt).orThrow()
    return provider.requests
  } finally {
    await runtime.shutdown()
  }
}

/** Time passes inside every turn, and so between any two calls. */
function waiting(clock: VirtualClock, moveOn: () => void) {
  return defineTool({
    name: 'wait_a_while',
    description: 'Waits a month.',
    input: jsonSchema<object>({ type: 'object', properties: {} }),
    effects: 'none',
    concurrency: 'parallel',
    async execute() {
      moveOn()
      await clock.sleep(31 * 24 * 3_600_000 + 3_661_001)
    },
  })
}

const changingPlace = definePlugin({
  name: '@halter/testkit/changing-place',
  apiVersion: 1,
  provides: ['environment'],
  setup() {
    let turn = 0
    return {
      environment: {
        describe: async (workingDir) => {
          turn += 1
          const git = { branch: `branch-${turn}`, isDirty: turn % 2 === 0 }
          return { workingDir, platform: 'test', date: `2026-01-0${turn % 10}`, git }
        },
      },
    }
  },
})

const bySegments = definePlugin({
  name: '@halter/testkit/by-segments',
  apiVersion: 1,
  provides: ['promptAssembler'],
  setup: () => ({
    promptAssembler: {
      assemble: ({ blueprint, plan }) => {
        const segments = [...(blueprint.seed ?? []), ...plan.segments]
        return {
          system: segments.filter(({ stability }) => stability !== 'turn'),
          messages: plan.messages,
          tail: segments.filter(({ stability }) => stability === 'turn'),
          breakpoints: [],
        }
      },
    },
  }),
})

function assertSamePrefix(before: ModelRequest, after: ModelRequest, when: string): void {
  assert.deepEqual(
    after.tools,
    before.tools,
    `The tools changed ${when}. Offer the same ones, in the same order.`,
  )
  for (let index = 0; index < Math.max(before.system.length, after.system.length); index++)
    assertSame(before.system[index], after.system[index], when)
  for (const [index, message] of [...before.messages].entries())
    assert.deepEqual(
      after.messages.at(index),
      message,
      `Message ${index + 1}, ${message.id}, changed ${when}. Leave old messages as they were shown, until a compaction.`,
    )
}

function assertSame(before: PromptSegment | undefined, after: PromptSegment | undefined, when: string): void {
  if (before?.text === after?.text) return
  const { id, plugin = 'the session' } = (after ?? before)!
  const show = (segment?: PromptSegment): string =>
    segment === undefined ? 'nothing' : JSON.stringify(segment.text.slice(0, 200))
  assert.fail(
    `The system prompt changed ${when}, at the segment "${id}" of ${plugin}: ${show(before)} became ${show(after)}. ` +
      'Providers cache it only as long as it stays the same: put what changes into the tail, with stability "turn".',
  )
}
