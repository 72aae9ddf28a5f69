import { definePlugin, defineTool, jsonSchema, type ModelRequest, type SessionHandle } from '@halter/core'
import { createRuntime } from '@halter/core/host'
import { MemorySessionStore } from '@halter/plugin-memory-store'
import promptDefault from '@halter/plugin-prompt-default'
import { ScriptedProvider, type ScriptedReply } from '@halter/plugin-provider-scripted'
import system from '@halter/plugin-system'
import { textOf, type StoredEvent } from '@halter/protocol'
import { checkTranscript } from '@halter/testkit'
import { expect, onTestFinished, test } from 'vitest'
import contextDefault from '../src/index.ts'
import { words } from './played.ts'

const TURNS = 300
const WINDOW = 8000
const MAX_OUTPUT = 1000

const GOAL = 'Carry the catalogue of 300 stars over into the new register, star by star.'
const RULES: ReadonlyMap<number, string> = new Map([
  [3, 'Never rename a star.'],
  [40, 'From now on, write magnitudes with two decimals.'],
  [120, 'Please do not touch the southern hemisphere.'],
])
const FREEZE = 'The register is frozen every night from two to three.'

test('300 turns in a small window: never over it, no loop, nothing forgotten, and the prefix stays byte for byte', async () => {
  const seen = new SeenRequests()
  const store = new MemorySessionStore()
  const first = await start(store, seen)
  const session = await first.newSession()
  await talk(session, 1, TURNS / 2)
  await first.shutdown()
  // Another process takes over, and the model must not notice.
  const second = await start(store, seen)
  const resumed = (await second.resume(session.id))!
  await talk(resumed, TURNS / 2 + 1, TURNS)

  expect(seen.largest + MAX_OUTPUT).toBeLessThanOrEqual(WINDOW)
  expect(seen.brokenPrefixes).toEqual([])
  expect(seen.systems.size).toBe(1) // W-23: what hooks inject goes to the tail
  const last = seen.last!
  for (const words of [GOAL, ...RULES.values(), FREEZE]) expect(last).toContain(words)
  expect(checkTranscript(resumed.state.transcript)).toEqual([])

  const events = await Array.fromAsync(resumed.replay())
  expect(events.filter(({ type }) => type === 'turn.completed')).toHaveLength(TURNS)
  expect(events.filter(({ type }) => type === 'warning.raised')).toEqual([])
  const compactions = events.filter((event) => event.type === 'compaction.applied')
  expect(compactions.length).toBeGreaterThan(20)
  for (const { tokensBefore, tokensAfter } of compactions)
    expect(tokensAfter).toBeLessThan(tokensBefore * 0.9)
  expect(stepsBetween(events).toSorted((a, b) => a - b)[0]).toBeGreaterThan(1)
  report(compactions)
}, 60_000)

/** What a compaction won, for whoever wants to know: DEBUG_FIGURES=1. */
function report(compactions: readonly StoredEvent<'compaction.applied'>[]): void {
  if (process.env['DEBUG_FIGURES'] === undefined) return
  const won = (each: typeof compactions): string => {
    const mean = (sizes: readonly number[]): number =>
      Math.round(sizes.reduce((sum, size) => sum + size, 0) / sizes.length)
    const [before, after] = [
      mean(each.map(({ tokensBefore }) => tokensBefore)),
      mean(each.map(({ tokensAfter }) => tokensAfter)),
    ]
    return `${each.length} times, ${before} to ${after} tokens on average`
  }
  const summaries = compactions.filter(({ droppedSeqs }) => droppedSeqs.length > 0)
  const clearings = compactions.filter(({ droppedSeqs }) => droppedSeqs.length === 0)
  console.log(`cleared ${won(clearings)}; summarised ${won(summaries)}`)
}

/** Model calls from one compaction to the next. */
function stepsBetween(events: readonly StoredEvent[]): readonly number[] {
  const counts: number[] = []
  let steps = 0
  for (const event of events) {
    if (event.type === 'usage.recorded' && event.purpose === 'turn') steps += 1
    if (event.type !== 'compaction.applied') continue
    counts.push(steps)
    steps = 0
  }
  return counts.slice(1)
}

async function talk(session: SessionHandle, from: number, to: number): Promise<void> {
  for (let turn = from; turn <= to; turn++) {
    const prompt = turn === 1 ? GOAL : `Now star ${turn}. ${RULES.get(turn) ?? ''}`
    await session.submitTurn(prompt).orThrow()
  }
}

/** Everything that the model was sent, checked as it comes. */
class SeenRequests {
  largest = 0
  last: string | undefined
  readonly brokenPrefixes: string[] = []
  readonly systems = new Set<string>()
  #messages: readonly string[] = []
  #compactions = 0

  /** Takes in a request, and gives its size: what a provider would count. */
  take(request: ModelRequest, compactions: number): number {
    const messages = [...request.messages].map((message) => JSON.stringify(message))
    const beside = [...request.system, ...request.tail].map(({ text }) => text)
    const whole = [JSON.stringify(request.tools), ...beside, ...messages].join('\n')
    const tokens = Math.ceil(whole.length / 4)
    if (request.purpose !== 'turn') return tokens
    this.systems.add(JSON.stringify([request.system, request.tools]))
    const isLonger = this.#messages.every((message, index) => message === messages[index])
    if (compactions === this.#compactions && !isLonger)
      this.brokenPrefixes.push(`after ${this.#messages.length} messages`)
    this.#messages = messages
    this.#compactions = compactions
    this.largest = Math.max(this.largest, tokens)
    this.last = whole
    return tokens
  }
}

/** Half of the summaries keep what they are told to; the others forget it. */
function summarise(request: ModelRequest, index: number): string {
  const asked =
    /Copy each of these into the summary[^\n]*\n(.*)$/s.exec(textOf(request.messages.at(-1)!))?.[1] ?? ''
  const kept = index % 2 === 0 ? asked : 'Stars were carried over.'
  return `<analysis>Let me see.</analysis><summary>Some stars are done.\n${kept}</summary>`
}

async function start(store: MemorySessionStore, seen: SeenRequests) {
  const open: { session?: () => number } = {}
  const reply = (request: ModelRequest, { index }: { readonly index: number }): ScriptedReply => {
    const inputTokens = seen.take(request, open.session?.() ?? 0)
    const usage = { inputTokens, outputTokens: 100 }
    if (request.purpose === 'compaction') return { text: summarise(request, index), usage }
    const steps = [...request.messages].reverse().findIndex(({ role }) => role === 'user')
    if (steps < 4) return { toolCalls: [{ name: 'look_up', input: { index } }], usage }
    return { text: `Done: ${words(40, 'star')}`, usage }
  }
  const script = definePlugin({
    name: 'script',
    apiVersion: 1,
    contributes: ['providers', 'tools', 'obligations'],
    provides: ['sessionStore'],
    setup({ hooks }) {
      hooks.tap('prompt.transform', async (_, { session }) => {
        open.session = () => session.state.compactions
        await session.inject(`The hook has seen ${session.state.turns} turns.`)
      })
      const provider = new ScriptedProvider({ scripts: { stars: reply } })
      const info = { window: WINDOW, maxOutput: MAX_OUTPUT, capabilities: {} }
      return {
        sessionStore: store,
        providers: [Object.assign(provider, { info: (model: string) => ({ ...info, model }) })],
        tools: [lookUp],
        obligations: [{ name: 'freeze', of: () => [{ kind: 'freeze', text: FREEZE }] }],
      }
    },
  })
  const runtime = await createRuntime({
    plugins: [script],
    presets: [
      {
        name: 'default',
        plugins: [system, contextDefault, [promptDefault, { systemPrompt: words(300, 'you') }]],
      },
    ],
    defaultModel: 'scripted/stars',
  })
  onTestFinished(() => runtime.shutdown().then(() => {}))
  return runtime
}

const lookUp = defineTool({
  name: 'look_up',
  description: 'Looks up a star.',
  input: jsonSchema<{ index: number }>({ type: 'object', properties: { index: { type: 'number' } } }),
  effects: 'none',
  concurrency: 'read-only',
  execute: ({ index }) => `star ${index}: ${words(120 + ((index * 37) % 700), 'spectrum')}`,
})
