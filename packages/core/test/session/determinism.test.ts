// The same script, seed and input give the same log, byte for byte: what happens is told by the session's own clock, ids and dice.
import { definePlugin, type Plugin, type RuntimeOptions } from '@halter/core'
import type { TestReply, TestRuntime } from '@halter/core/testing'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { byPrompt, spawns } from './support/children.ts'
import { withRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'
import { noneSpawned, spawning } from './support/spawning.ts'
import { tool } from './support/tools.ts'

/** Something done to a session from outside, at a time of its clock. Milliseconds. */
interface Interference {
  readonly atMs: number
  readonly what: 'steer' | 'notify' | 'interrupt' | 'submit' | 'title'
}

interface Play {
  readonly replies: readonly TestReply[]
  readonly interferences?: readonly Interference[]
  readonly seed?: number
  readonly limits?: RuntimeOptions['limits']
}

/** Dice that fall the same way for the same seed: a linear congruential generator, Numerical Recipes' constants. */
function dice(seed: number): Plugin {
  return definePlugin({
    name: 'dice',
    apiVersion: 1,
    provides: ['random'],
    setup() {
      let state = seed
      const next = (): number => (state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32) / 2 ** 32
      return { random: { next } }
    },
  })
}

/** Plays it, and gives every log that came of it as text. */
async function logs({ replies, interferences = [], seed = 1, limits = {} }: Play): Promise<string> {
  const script = byPrompt({
    go: [...replies, ...Array.from({ length: 40 }, () => ({ text: 'end' }))],
    dig: [{ text: ['du', 'g'], delayMs: 7 }],
  })
  const plugins = [dice(seed)]
  return withRuntime({ script, plugins, limits: { steps: 30, ...limits } }, async (running) => {
    await play(running, interferences)
    const { sessions } = await running.store.list({ limit: 1_000 })
    const all = await Promise.all(
      sessions
        .map(({ sessionId }) => sessionId)
        .toSorted()
        .map((id) => logOf(running.runtime, id)),
    )
    return all
      .flat()
      .map((event) => JSON.stringify(event))
      .join('\n')
  })
}

async function play({ runtime, clock }: TestRuntime, interferences: readonly Interference[]): Promise<void> {
  const wait = tool('wait', async ({ ms }, { signal }) => {
    await clock.sleep(Number(ms), signal)
    return `waited ${Number(ms)}`
  })
  const fail = tool('fail', async ({ ms }, { signal }) => {
    await clock.sleep(Number(ms), signal)
    throw new Error('failed')
  })
  const act = tool('act', () => 'acted', { effects: 'unsafe', needsApproval: () => ({ reason: 'it acts' }) })
  const session = await runtime.newSession({
    workingDir: '/work',
    tools: [wait, fail, act, spawning(noneSpawned())],
    approve: async ({ callId }, signal) => {
      await clock.sleep(callId.length * 3, signal)
      return callId.endsWith('1') ? 'deny' : 'once'
    },
  })
  const turns = [session.submitTurn('go').result, session.submitTurn('and then').result]
  const interfere = (what: Interference['what']): unknown => {
    if (what === 'steer') return turns.push(session.steer('by the way').result)
    if (what === 'submit') return turns.push(session.submitTurn('more').result)
    if (what === 'notify') return session.notify('note', 'x')
    if (what === 'title') return session.update({ title: 'renamed' })
    return session.interrupt()
  }
  await Promise.all(interferences.map(({ atMs, what }) => clock.sleep(atMs).then(() => interfere(what))))
  for (let count = 0; count < turns.length; count++) await turns[count]
}

const calls = (...names: [name: string, ms: number][]): TestReply => ({
  toolCalls: names.map(([name, ms], index) => ({ name, input: { ms }, id: `${name}-${ms}-${index}` })),
})

const rich: Play = {
  replies: [
    { text: ['one ', 'two'], thinking: 'hm', delayMs: 3, ...calls(['wait', 30], ['wait', 10], ['fail', 20]) },
    { error: { kind: 'overloaded', message: 'busy' } },
    { error: { kind: 'rate-limited', message: 'slow down' } },
    calls(['act', 1], ['act', 2], ['wait', 5]),
    { isCutOff: true },
    { toolCalls: [spawns('dig'), { name: 'wait', input: { ms: 4 }, id: 'beside' }] },
    { text: 'half', delayMs: 500 },
  ],
  interferences: [
    { atMs: 15, what: 'steer' },
    { atMs: 25, what: 'notify' },
    { atMs: 40, what: 'title' },
    { atMs: 2_000, what: 'steer' },
    { atMs: 60_000, what: 'submit' },
  ],
}

describe('the same script and seed', () => {
  test('give the same log, byte for byte, whatever finishes before what', async () => {
    const first = await logs(rich)
    expect(await logs(rich)).toBe(first)
    for (const type of ['approval.resolved', 'subagent.settled', 'notification.raised', 'session.updated'])
      expect(first).toContain(`"type":"${type}"`)
    const finished = first.split('\n').flatMap((line) => {
      const event = JSON.parse(line) as { type: string; callId?: string; at: number }
      return event.type === 'toolCall.finished' ? [[event.callId, event.at] as const] : []
    })
    expect(finished.slice(0, 3).map(([callId]) => callId)).toEqual(['wait-10-1', 'fail-20-2', 'wait-30-0'])
    expect(finished.slice(0, 3).map(([, at]) => at)).toEqual(
      finished
        .slice(0, 3)
        .map(([, at]) => at)
        .toSorted((a, b) => a - b),
    )
  })

  test('a seed decides how long is waited before the next try, and nothing else', async () => {
    const { replies } = rich
    const [one, other] = [await logs({ replies, seed: 7 }), await logs({ replies, seed: 8 })]
    expect(one).not.toBe(other)
    const timeless = (text: string): string => text.replaceAll(/"at":\d+/g, '"at":0')
    expect(timeless(one)).toBe(timeless(other))
  })

  test('hold for whatever a script may be', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryPlay(), async (any) => {
        expect(await logs(any)).toBe(await logs(any))
      }),
      { numRuns: 150 },
    )
  })
})

function arbitraryPlay(): fc.Arbitrary<Play> {
  const ms = fc.integer({ min: 0, max: 40 })
  const call = fc.tuple(fc.constantFrom('wait', 'fail', 'act', 'nope'), ms)
  const reply: fc.Arbitrary<TestReply> = fc.oneof(
    fc.record({ text: fc.array(fc.string({ minLength: 1 }), { maxLength: 3 }), delayMs: ms }),
    fc.array(call, { minLength: 1, maxLength: 4 }).map((all) => calls(...all)),
    fc
      .constantFrom('overloaded' as const, 'rate-limited' as const, 'transient' as const, 'auth' as const)
      .map((kind) => ({ error: { kind, message: kind } })),
    fc.constant<TestReply>({ isCutOff: true }),
    fc.constant<TestReply>({ toolCalls: [spawns('dig')] }),
    fc.record({ text: fc.constant('cut'), stopReason: fc.constant('max-output' as const) }),
  )
  const interference = fc.record({
    atMs: fc.integer({ min: 0, max: 1_500 }),
    what: fc.constantFrom('steer', 'notify', 'interrupt', 'submit', 'title'),
  })
  return fc.record({
    replies: fc.array(reply, { maxLength: 6 }),
    interferences: fc.array(interference, { maxLength: 5 }),
    seed: fc.nat(),
    limits: fc.record({ steps: fc.integer({ min: 0, max: 12 }) }),
  })
}
