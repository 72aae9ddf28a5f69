import { defineTool, jsonSchema, type ModelRequest } from '@halter/core'
import { createTestRuntime, type TestReply, type TestScript } from '@halter/core/testing'
import type { Json, Limits, StoredEvent } from '@halter/protocol'
import { expect, onTestFinished, test } from 'vitest'
import system from '../src/index.ts'

/** A session with these limits, of a model that may write 32,000 tokens. */
async function limited(limits: Limits, script: TestScript, maxOutput = 32_000) {
  const prices = { input: 1, output: 10 }
  const modelInfo = { window: 200_000, maxOutput, prices }
  const test = await createTestRuntime({ plugins: [system], modelInfo, script })
  onTestFinished(async () => void (await test.runtime.shutdown()))
  return { ...test, session: await test.runtime.newSession({ limits, tools: [fanOut] }) }
}

/** Asks as many children at once as its input says. */
const fanOut = defineTool<{ count: number }>({
  name: 'fan_out',
  description: 'Asks children.',
  input: jsonSchema({ type: 'object', properties: { count: { type: 'integer' } } }),
  effects: 'none',
  concurrency: 'exclusive',
  async execute({ count }, { session }) {
    const children = Array.from({ length: count }, async (_, index) => {
      const child = await session.openChild({ task: `child ${index}` })
      return child.result
    })
    const results = await Promise.all(children)
    return results.map(({ outcome }) => outcome) as Json
  },
})

function isChild({ messages }: ModelRequest): boolean {
  const [first] = messages.at(0)?.parts ?? []
  return first?.kind === 'text' && first.text.startsWith('child')
}

/** What fifty children and the one who asked them cost, and how many calls ran at once. */
async function fiftyChildren(tokens: number, cost: number) {
  let running = 0
  let most = 0
  const script = (request: ModelRequest): TestReply => {
    if (isChild(request)) {
      const cap = request.maxOutputTokens ?? 32_000
      expect(cap).toBeGreaterThanOrEqual(256)
      running += 1
      most = Math.max(most, running)
      setTimeout(() => (running -= 1), 0)
      return { text: 'done', delayMs: 1, usage: { inputTokens: 4, outputTokens: Math.min(cap, cost - 4) } }
    }
    if (request.messages.length > 1) return { text: 'all done' }
    return { toolCalls: [{ name: 'fan_out', input: { count: 50 } }] }
  }
  const { session } = await limited({ tokens, fanOut: 50 }, script)
  const result = await session.submitTurn('go').result
  const { total, children } = session.usage
  const spent = [total, children].reduce((sum, usage) => sum + usage.inputTokens + usage.outputTokens, 0)
  const answer = result.messages.find(({ role }) => role === 'tool')?.parts[0]
  const outcomes = answer?.kind === 'json' ? (answer.value as string[]) : []
  return { result, spent, most, done: outcomes.filter((status) => status === 'completed').length }
}

test('a small limit does not refuse the first call of a model that could write much', async () => {
  const { session, provider } = await limited({ tokens: 2_000 }, [{ text: 'short' }])
  expect(await session.submitTurn('hi').result).toMatchObject({ status: 'completed', text: 'short' })
  const [{ maxOutputTokens }] = provider.requests as [ModelRequest]
  expect(maxOutputTokens).toBeGreaterThan(1_900)
  expect(maxOutputTokens).toBeLessThan(2_000)
})

test('a call that fits keeps its own cap, or none', async () => {
  const { session, provider } = await limited({ tokens: 50_000 }, [{ text: 'one' }, { text: 'two' }])
  await session.submitTurn('hi').orThrow()
  await session.submitTurn('hi', { maxOutputTokens: 300 }).orThrow()
  expect(provider.requests.map(({ maxOutputTokens }) => maxOutputTokens)).toEqual([undefined, 300])
})

test('dollars cap the reply, too', async () => {
  const { session, provider } = await limited({ usd: 0.01 }, [{ text: 'short' }])
  await session.submitTurn('hi').orThrow()
  const { maxOutputTokens } = provider.requests[0]!
  expect(maxOutputTokens).toBeGreaterThan(990)
  expect(maxOutputTokens).toBeLessThanOrEqual(1_000)
})

test('with less left than a reply is worth, the turn ends, and names what the least call would cost', async () => {
  const { session, provider } = await limited({ tokens: 250 }, [{ text: 'never' }])
  const { reason, error } = await session.submitTurn('hi').result
  expect(reason).toBe('budget-exhausted')
  expect(error?.message).toMatch(/limits\.tokens is 250 tokens: 0 tokens are spent.* up to 2[78]\d tokens/)
  expect(provider.requests).toEqual([])
})

test('a reply that the budget has cut off says so', async () => {
  const script = [{ text: 'and so', stopReason: 'max-output' as const }]
  const { session } = await limited({ tokens: 2_000 }, script)
  expect(await session.submitTurn('hi').result).toMatchObject({ reason: 'max-output', text: 'and so' })
  const log: StoredEvent[] = await Array.fromAsync(session.replay())
  expect(log).toContainEqual(
    expect.objectContaining({
      type: 'warning.raised',
      code: 'ERR_BUDGET_EXHAUSTED',
      message: expect.stringMatching(/cut off at 19\d\d tokens/),
    }),
  )
})

test('fifty children in parallel wait for what others do not use, and all get through where there is enough', async () => {
  const { result, spent, most, done } = await fiftyChildren(50_000, 100)
  expect(result).toMatchObject({ status: 'completed', text: 'all done' })
  expect(done).toBe(50)
  expect(most).toBeGreaterThan(1)
  expect(spent).toBeLessThanOrEqual(50_000)
})

test('fifty children in parallel never spend more than the limit of the one who asked them', async () => {
  const { spent, done } = await fiftyChildren(10_000, 1_000)
  expect(spent).toBeLessThanOrEqual(10_000)
  expect(spent).toBeGreaterThan(8_000)
  expect(done).toBeGreaterThanOrEqual(8)
  expect(done).toBeLessThan(50)
})

test('limits of one turn bind the children that it asks, too', async () => {
  const script = (request: ModelRequest): TestReply => {
    if (isChild(request)) return { text: 'never' }
    if (request.messages.length > 1) return { text: 'all done' }
    const usage = { inputTokens: 900, outputTokens: 0 }
    return { toolCalls: [{ name: 'fan_out', input: { count: 1 } }], usage }
  }
  const { session, provider } = await limited({}, script)
  const { reason } = await session.submitTurn('go', { limits: { tokens: 1_000 } }).result
  expect(reason).toBe('budget-exhausted')
  expect(provider.requests.filter(isChild)).toEqual([])
})

test('a call that waits for room ends when its turn is interrupted', async () => {
  const script = (request: ModelRequest): TestReply =>
    isChild(request) ? { hangs: true } : { toolCalls: [{ name: 'fan_out', input: { count: 3 } }] }
  const { session } = await limited({ tokens: 5_000, fanOut: 3 }, script)
  const turn = session.submitTurn('go')
  for await (const { type } of turn) if (type === 'subagent.spawned') break
  await session.interrupt()
  expect(await turn.result).toMatchObject({ reason: 'interrupted' })
})
