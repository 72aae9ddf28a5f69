import {
  definePlugin,
  defineTool,
  jsonSchema,
  type ModelRequest,
  type SessionHandle,
  type SessionHooks,
  type Tool,
} from '@halter/core'
import { createTestRuntime, type TestReply, type TestRuntimeOptions } from '@halter/core/testing'
import type { StoredEvent, StoredEventType } from '@halter/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { checkTranscript } from '@halter/testkit'
import { contextStateOf } from '../src/context-state.ts'
import plugin from '../src/index.ts'
import { words } from './played.ts'

describe('in a running session', () => {
  test('a compaction by hand is recorded with what it cost, and the next turn begins with the summary', async () => {
    const { session, provider } = await start({
      plugins: [[plugin, { compactionInstructions: 'Keep names.' }]],
      script: [
        { text: 'one' },
        { text: 'two' },
        { text: '<analysis>.</analysis><summary>It was about numbers.</summary>' },
        { text: 'three' },
      ],
    })
    await session.submitTurn('first').orThrow()
    await session.submitTurn('second').orThrow()
    const compacted = await session.compact({ instructions: 'Be brief.' })
    expect(compacted?.outcome).toMatchObject({
      trigger: 'manual',
      summary: expect.stringContaining('about numbers'),
    })
    expect(compacted?.usage).toEqual({ inputTokens: 10, outputTokens: 5 })
    expect(session.usage.byPurpose['compaction']).toEqual({ inputTokens: 10, outputTokens: 5 })
    expect(provider.requests[2]).toMatchObject({ purpose: 'compaction', tools: [] })
    expect(provider.requests[2]!.system[0]!.text).toMatch(/Keep names\.\n\nBe brief\.$/)
    await session.submitTurn('third').orThrow()
    const last = provider.requests[3]!.messages.slice()
    expect(last.map(({ role }) => role)).toEqual(['user', 'user', 'assistant', 'user'])
    expect(last[0]).toMatchObject({ origin: 'compaction' })
    const [applied] = await eventsOf(session, 'compaction.applied')
    expect(applied!.usage).toEqual({ inputTokens: 10, outputTokens: 5 })
  })

  test('with nothing to compact, nothing is recorded', async () => {
    const { session } = await start({ script: [{ text: 'one' }] })
    await session.submitTurn('first').orThrow()
    const { head } = session.state
    expect(await session.compact()).toBeUndefined()
    expect(session.state.head).toBe(head)
  })

  test('W-22: a turn compacts on the way: the hooks hear of it, the cost is known, and the next turn starts as compact', async () => {
    const heard: unknown[] = []
    const { session, provider } = await start({
      script: talkative(40),
      modelInfo: SMALL,
      hooks: {
        'compaction.transform': (draft) => void heard.push(draft.trigger),
        'compaction.end': ({ usage }) => void heard.push(usage),
        'session.start': ({ source }) => void heard.push(source),
      },
    })
    await session.submitTurn('the task').orThrow()
    await session.submitTurn('the next').orThrow()
    const applied = await eventsOf(session, 'compaction.applied')
    const summaries = applied.filter(({ droppedSeqs }) => droppedSeqs.length > 0)
    expect(summaries.length).toBeGreaterThan(0)
    for (const { turnId, usage } of summaries)
      expect({ turnId, usage }).toEqual({ turnId: expect.any(String), usage: COST })
    expect(heard[0]).toBe('startup')
    expect(heard.filter((each) => each === 'auto')).toHaveLength(applied.length)
    expect(heard).toContainEqual(COST)
    expect(heard.at(-1)).toBe('compact')
    expect(new Set(provider.requests.map(({ turnId }) => turnId)).size).toBe(2)
  })

  test('W-22: an interrupt does not wait for a summary', async () => {
    const summarising = Promise.withResolvers<void>()
    const speak = talkative(100)
    const { session, provider } = await start({
      modelInfo: SMALL,
      script: (request) => {
        if (request.purpose !== 'compaction') return speak(request)
        summarising.resolve()
        return { hangs: true }
      },
    })
    const turn = session.submitTurn('the task')
    await summarising.promise
    expect(provider.requests.at(-1)).toMatchObject({ purpose: 'compaction' })
    await session.interrupt('enough')
    expect(await turn.result).toMatchObject({ status: 'failed', reason: 'interrupted' })
    expect(await eventsOf(session, 'compaction.applied')).toEqual([])
  })

  test('a provider that says the context is too long gets a shorter one, once', async () => {
    let refusals = 0
    const { session, provider } = await start({
      script: (request) => {
        if (request.purpose === 'compaction') return { text: 'So far, so good.' }
        if (request.messages.length > 12 && refusals++ === 0)
          return { error: { kind: 'context-too-long', message: 'too long' } }
        return { text: words(50) }
      },
    })
    for (let turn = 0; turn < 8; turn++) await session.submitTurn(`turn ${turn}`).orThrow()
    expect(await eventsOf(session, 'compaction.applied')).toMatchObject([{ trigger: 'overflow' }])
    expect(refusals).toBeGreaterThan(0)
    expect(provider.requests.at(-1)!.messages.length).toBeLessThan(12)
  })

  test("the provider's own compaction is used, paid for, and asked about like every model call", async () => {
    const asked: string[] = []
    const { session, provider } = await start({
      script: [{ text: 'one' }, { text: 'two' }, { text: 'three' }],
      modelInfo: { capabilities: { compaction: true }, prices: { input: 1_000_000, output: 0 } },
      hooks: { 'request.transform': ({ purpose }) => void asked.push(purpose) },
      onProvider: (each) =>
        Object.assign(each, {
          compact: async ({ messages }: ModelRequest) => ({
            data: { sealed: messages.length },
            summary: 'Sealed.',
            usage: { inputTokens: 3, outputTokens: 1 },
          }),
        }),
    })
    await session.submitTurn('first').orThrow()
    await session.submitTurn('second').orThrow()
    const result = await session.compact()
    expect(result?.outcome.native).toEqual({ provider: 'test', data: { sealed: 2 } })
    expect(session.usage.byPurpose['compaction']).toMatchObject({ inputTokens: 3, costUsd: 3 })
    expect(asked).toEqual(['turn', 'turn', 'compaction'])
    await session.submitTurn('third').orThrow()
    const { messages, tail } = provider.requests.at(-1)!
    expect(messages.at(0)!.parts[0]).toMatchObject({ kind: 'native', data: { sealed: 2 } })
    expect(tail.map(({ id }) => id)).toContain('obligations')
  })

  test('undone: a fork at the event before a compaction has every word again', async () => {
    const { session } = await start({
      script: (request) =>
        request.purpose === 'compaction' ? { text: 'They counted.' } : { text: words(20) },
    })
    for (const prompt of ['one', 'two', 'three']) await session.submitTurn(prompt).orThrow()
    const before = session.state.transcript.slice()
    await session.compact()
    await session.submitTurn('four').orThrow()
    const [applied] = await eventsOf(session, 'compaction.applied')
    const fork = await session.fork({ at: applied!.seq - 1 })
    expect(fork.state.transcript.slice()).toEqual(before)
    await fork.submitTurn('and on').orThrow()
    expect(session.state.compactions).toBe(1)
    await fork.detach()
  })

  test('undone in the middle of a turn: nothing is cleared in the fork, and its transcript can go on', async () => {
    const { session } = await start({ script: reader(8), modelInfo: SMALL })
    await session.submitTurn('read it all').orThrow()
    const [applied] = await eventsOf(session, 'compaction.applied')
    expect(applied).toMatchObject({ droppedSeqs: [] })
    expect(contextStateOf(session.state).clearedThrough).toBeGreaterThan(0)
    const fork = await session.fork({ at: applied!.seq - 1 })
    expect(contextStateOf(fork.state)).toMatchObject({ compaction: 0, clearedThrough: 0 })
    expect(checkTranscript(fork.state.transcript)).toEqual([])
    await fork.detach()
  })

  test('another process goes on with the same bytes', async () => {
    const first = await start({ script: reader(8), modelInfo: SMALL })
    await first.session.submitTurn('read it all').orThrow()
    await first.runtime.shutdown()
    const shown = first.provider.requests.at(-1)!.messages.slice()
    expect(JSON.stringify(shown)).toContain('It is cleared to make room')
    const second = await start({
      script: [{ text: 'yes' }],
      store: first.store,
      modelInfo: SMALL,
      resume: first.session.id,
    })
    await second.session.submitTurn('go on').orThrow()
    const again = second.provider.requests[0]!.messages.slice(0, shown.length)
    expect(JSON.stringify(again)).toBe(JSON.stringify(shown))
  })

  test('slot tokenEstimator: another way to count compacts at another time', async () => {
    const heavy = definePlugin({
      name: '@acme/heavy-tokens',
      apiVersion: 1,
      provides: ['tokenEstimator'],
      setup: () => ({
        tokenEstimator: (piece: unknown) => (typeof piece === 'string' ? piece.length : 5000),
      }),
    })
    const firstCompaction = async (plugins: TestRuntimeOptions['plugins'] & {}) => {
      const { session } = await start({ plugins, script: talkative(12, NO_USAGE), modelInfo: SMALL })
      await session.submitTurn('the task').orThrow()
      return (await eventsOf(session, 'compaction.applied'))[0]?.seq
    }
    expect(await firstCompaction([plugin])).toBeUndefined()
    expect(await firstCompaction([plugin, heavy])).toBeLessThan(40)
  })

  test('settings that contradict each other are refused before anything starts', async () => {
    const starting = createTestRuntime({ plugins: [[plugin, { keepRecent: 0.9 }]] })
    await expect(starting).rejects.toThrow(
      'keepRecent (0.9) of @halter/plugin-context-default must be below compactTo',
    )
  })
})

const SMALL = { window: 8000, maxOutput: 1000 }
const COST = { inputTokens: 10, outputTokens: 5 }
const NO_USAGE = { inputTokens: 0, outputTokens: 0 }

/** A tool that returns about 1,250 tokens. */
const dump: Tool = defineTool({
  name: 'dump',
  description: 'Dumps.',
  input: jsonSchema<{ n: number }>({
    type: 'object',
    properties: { n: { type: 'number' } },
    required: ['n'],
  }),
  effects: 'none',
  concurrency: 'exclusive',
  execute: ({ n }) => `dump ${n} ${words(1250)}`,
})

/** What a request takes, as a provider would report it. */
function usageOf({ messages }: ModelRequest) {
  const text = JSON.stringify(messages.slice().map(({ parts }) => parts))
  return { inputTokens: Math.floor(text.length / 4), outputTokens: 300 }
}

/** Says much, step by step, and then stops. */
function talkative(steps: number, usage?: typeof NO_USAGE): (request: ModelRequest) => TestReply {
  let step = 0
  return (request) => {
    if (request.purpose === 'compaction') return { text: 'They spoke.', usage: COST }
    step += 1
    const reply = { text: words(300, `step${step}`), usage: usage ?? usageOf(request) }
    return step >= steps ? reply : { ...reply, toolCalls: [{ name: 'nod', input: { step } }] }
  }
}

/** Dumps step by step, and then stops. */
function reader(steps: number): (request: ModelRequest) => TestReply {
  let step = 0
  return (request) => {
    step += 1
    const usage = usageOf(request)
    return step > steps
      ? { text: 'done', usage }
      : { toolCalls: [{ name: 'dump', input: { n: step } }], usage }
  }
}

const nod: Tool = defineTool({
  name: 'nod',
  description: 'Nods.',
  input: jsonSchema<{ step: number }>({ type: 'object', properties: { step: { type: 'number' } } }),
  effects: 'none',
  concurrency: 'exclusive',
  execute: () => 'nods',
})

async function start({
  hooks,
  resume,
  onProvider,
  ...options
}: TestRuntimeOptions & {
  readonly hooks?: SessionHooks
  readonly resume?: string
  readonly onProvider?: (provider: object) => void
}) {
  const { runtime, provider, store } = await createTestRuntime({ plugins: [plugin], ...options })
  onTestFinished(() => runtime.shutdown().then(() => {}))
  onProvider?.(provider)
  const init = { tools: [dump, nod], ...(hooks && { hooks }) }
  const session =
    resume === undefined ? await runtime.newSession(init) : (await runtime.resume(resume, init))!
  return { runtime, session, provider, store }
}

async function eventsOf<T extends StoredEventType>(
  session: SessionHandle,
  type: T,
): Promise<StoredEvent<T>[]> {
  const found: StoredEvent<T>[] = []
  for await (const event of session.replay()) if (event.type === type) found.push(event as StoredEvent<T>)
  return found
}
