import {
  definePlugin,
  type ContextInput,
  type ContextManager,
  type ModelRequest,
  type Plugin,
  type SessionHandle,
  type SessionHooks,
} from '@halter/core'
import { createTestRuntime, type TestRuntimeOptions } from '@halter/core/testing'
import { transcript, type CompactionOutcome, type ContextPlan, type StoredEventType } from '@halter/protocol'
import { expect, onTestFinished, test } from 'vitest'

const COST = { inputTokens: 7, outputTokens: 3 }

test('a compaction is recorded first, and then the manager is asked again, for what the step shows', async () => {
  const { session, provider, asked } = await start((input, count) =>
    count === 2 ? { ...whole(input), compaction: dropping(input, 'They spoke.') } : whole(input),
  )
  await session.submitTurn('one').orThrow()
  await session.submitTurn('two').orThrow()
  expect(asked).toHaveLength(3)
  const [first] = provider.requests[1]!.messages
  expect(first).toMatchObject({ origin: 'compaction', parts: [{ text: 'They spoke.' }] })
  expect([...session.state.transcript][0]).toBe(first)
  const types = await typesOf(session)
  expect(types.slice(types.indexOf('compaction.applied') - 1).slice(0, 3)).toEqual([
    'message.appended',
    'compaction.applied',
    'message.appended',
  ])
})

test('a step records two compactions at most, and then shows what it is given', async () => {
  const { session, asked } = await start((input) => ({
    ...whole(input),
    compaction: dropping(input, 'again'),
  }))
  await session.submitTurn('one').orThrow()
  expect(asked).toHaveLength(3)
  expect(session.state.compactions).toBe(2)
})

test('only the first plan after a refusal is forced', async () => {
  const { session, asked } = await start(
    (input) => (input.overflow ? { ...whole(input), compaction: dropping(input, 'short') } : whole(input)),
    {
      script: [
        { text: 'one' },
        { error: { kind: 'context-too-long', message: 'too long' } },
        { text: 'two' },
      ],
    },
  )
  await session.submitTurn('one').orThrow()
  await session.submitTurn('two').orThrow()
  expect(asked.map(({ overflow }) => overflow ?? false)).toEqual([false, false, true, false])
})

test('what a summary cost is in the log once, in the compaction, and told to the hooks', async () => {
  const heard: unknown[] = []
  const { session } = await start(
    async (input, count) => {
      if (count !== 2) return whole(input)
      await input.callModel(requestOf(input), 'compaction')
      return { ...whole(input), compaction: dropping(input, 'They spoke.') }
    },
    {
      script: [{ text: 'one' }, { text: 'a summary', usage: COST }, { text: 'two' }],
      hooks: { 'compaction.end': (end) => void heard.push(end) },
    },
  )
  await session.submitTurn('one').orThrow()
  await session.submitTurn('two').orThrow()
  expect(session.usage.byPurpose['compaction']).toEqual(COST)
  expect(heard).toEqual([{ trigger: 'auto', summary: 'They spoke.', usage: COST }])
  const applied = (await Array.fromAsync(session.replay())).find(({ type }) => type === 'compaction.applied')
  expect(applied).toMatchObject({ usage: COST })
})

test('W-22: what a summary cost that failed is in the log, too', async () => {
  const { session } = await start(
    async (input, count) => {
      if (count === 1) await input.callModel(requestOf(input), 'compaction').catch(() => {})
      return whole(input)
    },
    { script: [{ usage: COST, isCutOff: true }, { text: 'one' }], maxModelTries: 1 },
  )
  await session.submitTurn('one').orThrow()
  expect(session.usage.byPurpose['compaction']).toEqual(COST)
})

test("the provider's own compaction is there only for a model that says so, and silence ends it", async () => {
  const compact = (_: ModelRequest, how: string): Promise<never> =>
    how === 'hang' ? new Promise(() => {}) : Promise.reject(new Error('out of order'))
  const seen: unknown[] = []
  const manager: Parameters<typeof start>[0] = async (input) => {
    const ask = input.compactByProvider
    if (!ask) seen.push('absent')
    else
      for (const how of ['fail', 'hang'])
        await ask(requestOf(input), how).catch((error: unknown) => seen.push(error))
    return whole(input)
  }
  await run(manager, { onProvider: (provider) => Object.assign(provider, { compact }) })
  await run(manager, { modelInfo: { capabilities: { compaction: true } } })
  const capable = { capabilities: { compaction: true } }
  await run(manager, {
    modelInfo: capable,
    timeouts: { modelSilence: 20 },
    onProvider: (provider) => Object.assign(provider, { compact }),
  })
  expect(seen).toEqual([
    'absent',
    'absent',
    expect.objectContaining({ code: 'ERR_MODEL_FAILED', message: 'test failed on "test": out of order' }),
    expect.objectContaining({ code: 'ERR_MODEL_TIMEOUT' }),
  ])
})

test('obligations come from every plugin that has some; one that fails costs a warning', async () => {
  const source = (name: string, of: () => readonly { kind: string; text: string }[]): Plugin =>
    definePlugin({
      name,
      apiVersion: 1,
      contributes: ['obligations'],
      setup: () => ({ obligations: [{ name, of }] }),
    })
  const broken = source('@acme/broken', () => {
    throw new Error('no memory')
  })
  let kept: unknown
  const { session } = await start(
    (input) => {
      kept = input.obligations()
      return whole(input)
    },
    { plugins: [source('@acme/rules', () => [{ kind: 'rule', text: 'Be kind.' }]), broken] },
  )
  await session.submitTurn('one').orThrow()
  expect(kept).toEqual([{ kind: 'rule', text: 'Be kind.' }])
  const warnings = (await Array.fromAsync(session.replay())).filter(({ type }) => type === 'warning.raised')
  expect(warnings).toMatchObject([
    {
      plugin: '@acme/broken',
      message: '"@acme/broken" could not say what a compaction must keep: no memory',
    },
  ])
})

test('what a manager notes is folded by its plugin', async () => {
  const { session } = await start(async (input, count) => {
    await input.note('@acme/context', 'planned', count)
    return whole(input)
  })
  await session.submitTurn('one').orThrow()
  await session.submitTurn('two').orThrow()
  expect(session.state.plugins.get('@acme/context')?.value).toEqual([1, 2])
})

test('slot tokenEstimator counts, for the estimate and for the manager', async () => {
  const estimator = definePlugin({
    name: '@acme/letters',
    apiVersion: 1,
    provides: ['tokenEstimator'],
    setup: () => ({ tokenEstimator: (piece: unknown) => (typeof piece === 'string' ? piece.length : 0) }),
  })
  const { session, asked } = await start((input) => whole(input), { plugins: [estimator] })
  await session.submitTurn('twelve chars').orThrow()
  const [{ estimatedTokens, tokensOf }] = asked as [ContextInput]
  expect([estimatedTokens, tokensOf('abc'), tokensOf(session.state.transcript.at(0)!)]).toEqual([14, 3, 12])
})

type Plan = (input: ContextInput, count: number) => ContextPlan | Promise<ContextPlan>
type Options = TestRuntimeOptions & {
  readonly hooks?: SessionHooks
  readonly onProvider?: (provider: object) => void
}

async function run(plan: Plan, options: Options): Promise<void> {
  const { session } = await start(plan, options)
  await session.submitTurn('one').orThrow()
}

/** A session whose context manager plans as it is told; `asked` is what it got. */
async function start(plan: Plan, { hooks, onProvider, plugins = [], ...options }: Options = {}) {
  const asked: ContextInput[] = []
  const manager: ContextManager = {
    plan: (input) => plan(input, asked.push(input)),
    compactNow: async () => undefined,
  }
  const context = definePlugin({
    name: '@acme/context',
    apiVersion: 1,
    provides: ['contextManager'],
    sessionState: {
      version: 1,
      initial: [],
      reduce: (state, { data }) => [...(state as number[]), data],
    },
    setup: () => ({ contextManager: manager }),
  })
  const script = [{ text: 'one' }, { text: 'two' }]
  const test = await createTestRuntime({ script, ...options, plugins: [context, ...plugins] })
  onTestFinished(() => test.runtime.shutdown().then(() => {}))
  onProvider?.(test.provider)
  const session = await test.runtime.newSession(hooks && { hooks })
  return { session, provider: test.provider, asked }
}

function whole({ state, estimatedTokens }: ContextInput): ContextPlan {
  return { messages: state.transcript, segments: state.injected, estimatedTokens }
}

/** Drops the first message. */
function dropping({ state, estimatedTokens }: ContextInput, summary: string): CompactionOutcome {
  const [seq] = state.seqs as [number]
  const droppedSeqs = [{ from: seq, to: seq }]
  return { trigger: 'auto', droppedSeqs, summary, tokensBefore: estimatedTokens, tokensAfter: 1 }
}

function requestOf({ state, model }: ContextInput): ModelRequest {
  return {
    sessionId: state.sessionId,
    purpose: 'compaction',
    model: model.model,
    system: [],
    messages: transcript(state.transcript.slice()),
    tail: [],
    tools: [],
    breakpoints: [],
  }
}

async function typesOf(session: SessionHandle): Promise<readonly StoredEventType[]> {
  return (await Array.fromAsync(session.replay())).map(({ type }) => type)
}

test('what a manager could not shrink is a warning with a code of its own, and the turn goes on', async () => {
  const { session } = await start((input) => ({ ...whole(input), warning: 'The context is too large.' }))
  await session.submitTurn('one').orThrow()
  const log = await Array.fromAsync(session.replay())
  expect(log.filter(({ type }) => type === 'warning.raised')).toMatchObject([
    { code: 'ERR_CONTEXT_OVERFLOW', message: 'The context is too large.' },
  ])
})
