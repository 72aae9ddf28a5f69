/**
 * Streams turns with nobody subscribed, then as many with subscribers that read one event and no more; then lets those subscribers read
 * on. Run with --expose-gc. Its argument is a `StalledTask`. One line: ["figures", StalledFigures].
 */
import { setImmediate as tick } from 'node:timers/promises'
import { definePlugin, type ModelPart, type Provider } from '@halter/core'
import sqliteStore from '@halter/plugin-sqlite-store'
import { isStored, type SessionEvent } from '@halter/protocol'
import { createRuntime } from 'halter'
import { sayLine } from './say.ts'

/** What is to be done. */
export interface StalledTask {
  readonly store: string
  /** Turns with stalled subscribers. */
  readonly turns: number
  /** Events per turn, about. */
  readonly deltas: number
}

/** What came of it. Times in milliseconds, sizes in megabytes. */
export interface StalledFigures {
  readonly events: number
  readonly alone: Times
  readonly stalled: Times
  /** Over as many turns without subscribers. */
  readonly rssGrowthAlone: number
  readonly rssGrowth: number
  readonly heapGrowth: number
  /** Events that the subscriber of the runtime was told that it missed. */
  readonly lagged: number
  readonly problems: readonly string[]
}

/** Of turns. */
export interface Times {
  readonly p50: number
  readonly p99: number
}

const task = JSON.parse(process.argv[2] ?? '{}') as StalledTask
const { gc } = globalThis as { gc?: () => void }
if (!gc) throw new Error('start it with --expose-gc')

const provider: Provider = {
  name: 'streaming',
  accepts: (model) => model === 'streaming',
  info: (model) => ({ model, window: 1_000_000, maxOutput: 100_000, capabilities: {} }),
  async *stream(): AsyncGenerator<ModelPart> {
    for (let index = 0; index < task.deltas; index++) {
      if (index % 100 === 0) await tick()
      yield { type: 'text.delta', id: 'text', text: `word ${index} ` }
    }
    yield { type: 'usage', usage: { inputTokens: 10, outputTokens: 10 } }
    yield { type: 'end', stopReason: 'end' }
  },
}
const streaming = definePlugin({
  name: '@halter/reliability/streaming',
  apiVersion: 1,
  contributes: ['providers'],
  setup: () => ({ providers: [provider] }),
})
const store = [sqliteStore, { path: task.store, durability: 'process' }] as const
const runtime = await createRuntime({ plugins: [store, streaming], defaultModel: 'streaming' })
let events = 0

// A session per phase: what grows is what is looked for, and a transcript does.
await runTurns(20)
const memoryAtFirst = measure(gc)
const before = await runTurns(task.turns)
const memoryBefore = measure(gc)
const session = await runtime.newSession({ workingDir: '/' })
const ofRuntime = runtime.events.subscribe()[Symbol.asyncIterator]()
const ofSession = session.events({ live: true })[Symbol.asyncIterator]()
const ofTurn = session.submitTurn('begin')[Symbol.asyncIterator]()
const firsts = [await ofSession.next(), await ofTurn.next()]
runtime.events.listen(() => events++)
const stalled = await runTurns(task.turns)
const memoryAfter = measure(gc)
const { lagged, problems } = await catchUp()
await ofRuntime.return?.()
await ofTurn.return?.()
const figures: StalledFigures = {
  events,
  alone: timesOf(before),
  stalled: timesOf(stalled),
  rssGrowthAlone: memoryBefore.rss - memoryAtFirst.rss,
  rssGrowth: memoryAfter.rss - memoryBefore.rss,
  heapGrowth: memoryAfter.heapUsed - memoryBefore.heapUsed,
  lagged,
  problems: [...problems, ...(firsts.every(({ done }) => !done) ? [] : ['a subscriber got nothing'])],
}
sayLine(['figures', figures])
await runtime.shutdown()

/** How long each took. */
async function runTurns(count: number): Promise<number[]> {
  const times: number[] = []
  let current = await runtime.newSession({ workingDir: '/' })
  for (let turn = 0; turn < count; turn++) {
    const start = performance.now()
    await current.submitTurn('go on').orThrow()
    times.push(performance.now() - start)
    if (turn % 20 !== 19) continue
    await current.detach()
    current = await runtime.newSession({ workingDir: '/' })
  }
  await current.detach()
  return times
}

/** The subscriber of the runtime is told what it missed; that of the session misses no stored event. */
async function catchUp(): Promise<{ lagged: number; problems: string[] }> {
  const problems: string[] = []
  const first = (await ofRuntime.next()).value as SessionEvent
  const lagged = first.type === 'lagged' ? first.dropped : 0
  if (lagged === 0)
    problems.push(`a stalled subscriber was shown ${first.type} before it was told what it missed`)
  await session.notify('last', 'the reader stops here')
  let seq = firsts[0]!.value?.type === 'session.started' ? 1 : 0
  for (;;) {
    const { value, done } = await ofSession.next()
    if (done) break
    const event = value
    if (event.type === 'lagged' || !isStored(event)) continue
    if (event.seq !== ++seq) problems.push(`event ${event.seq} followed ${seq - 1}`)
    if (event.type === 'notification.raised') break
  }
  await ofSession.return?.()
  if (seq !== session.state.head) problems.push(`a reader got ${seq} of ${session.state.head} events`)
  return { lagged, problems }
}

function measure(collect: () => void): { readonly rss: number; readonly heapUsed: number } {
  for (let turn = 0; turn < 3; turn++) collect()
  const { rss, heapUsed } = process.memoryUsage()
  return { rss: rss / 1e6, heapUsed: heapUsed / 1e6 }
}

function timesOf(times: readonly number[]): Times {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
  return { p50: at(0.5), p99: at(0.99) }
}
