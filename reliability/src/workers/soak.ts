/**
 * Uses one runtime for a long time, in every way, and measures what it holds. Run with --expose-gc. Its argument is a `SoakTask`. Lines:
 * ["sample", Sample, SoakCounts], ["problem", text].
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { isHalterError, type PluginEntry, type SessionHandle } from '@halter/core'
import sqliteStore from '@halter/plugin-sqlite-store'
import { createRuntime } from 'halter'
import { pickBetween, pickOne, seededRandom } from '../seeded-random.ts'
import { Barrier } from '../soak/barrier.ts'
import { takeSample } from '../soak/measure.ts'
import { soakPlugin, visitingPlugin } from '../soak/soak-plugins.ts'
import { sayLine } from './say.ts'

/** What is to be done. */
export interface SoakTask {
  readonly store: string
  readonly seed: number
  readonly minutes: number
  /** Seconds between two samples. */
  readonly every: number
}

/** What was done so far. */
export type SoakCounts = Record<string, number>

/** Things done at a time, and sessions that are kept. */
const LANES = 6
const KEPT_SESSIONS = 100

const task = JSON.parse(process.argv[2] ?? '{}') as SoakTask
const { gc } = globalThis as { gc?: () => void }
if (!gc) throw new Error('start it with --expose-gc')
const random = seededRandom(task.seed)
const base: readonly PluginEntry[] = [
  [sqliteStore, { path: task.store, durability: 'process' }],
  soakPlugin(random),
]
const runtime = await createRuntime({ plugins: base, defaultModel: 'soak' })
const counts: SoakCounts = { turns: 0 }
/** Sessions that nobody uses at the moment. */
const idle: string[] = []
const started = performance.now()
const endsAt = started + task.minutes * 60_000
const barrier = new Barrier()
let generation = 0

function count(what: string): void {
  counts[what] = (counts[what] ?? 0) + 1
}

async function lane(): Promise<void> {
  const leave = barrier.enter()
  while (performance.now() < endsAt) {
    await barrier.pass()
    try {
      await oneThing()
    } catch (error) {
      if (!isHalterError(error)) sayLine(['problem', (error as Error).stack])
      else count(error.code)
    }
  }
  leave()
}

async function measure(): Promise<void> {
  while (performance.now() < endsAt) {
    await sleep(task.every * 1000)
    await barrier.whileQuiet(async () => {
      await sleep(50) // what was let go has settled
      sayLine(['sample', takeSample((performance.now() - started) / 60_000, gc!), counts])
    })
    await reload()
  }
}

/** Every other generation has a guest. */
async function reload(): Promise<void> {
  generation += 1
  await runtime.reload(generation % 2 === 0 ? base : [...base, visitingPlugin(generation)])
  count('reloads')
}

async function oneThing(): Promise<void> {
  const choice = random()
  if (choice < 0.15 || idle.length < LANES) return await useNew()
  const [id] = idle.splice(pickBetween(random, 0, idle.length - 1), 1)
  if (choice < 0.3 && idle.length > KEPT_SESSIONS / 2) return await remove(id!)
  if (choice < 0.35) return await look(id!)
  const session = (await runtime.resume(id!))!
  count('resumes')
  await use(session)
}

async function useNew(): Promise<void> {
  const session = await runtime.newSession({
    workingDir: '/',
    metadata: { made: `${counts['sessions'] ?? 0}` },
  })
  count('sessions')
  await use(session)
}

/** A few turns and what else can be done with a session; then nobody holds it. */
async function use(session: SessionHandle): Promise<void> {
  try {
    for (let step = pickBetween(random, 1, 3); step > 0; step--) await pickOne(random, steps)(session)
  } finally {
    await session.detach()
    idle.push(session.id)
  }
  while (idle.length > KEPT_SESSIONS) await remove(idle.shift()!)
}

async function remove(id: string): Promise<void> {
  await runtime.deleteSession(id, { cascade: true })
  count('deletions')
}

async function look(id: string): Promise<void> {
  idle.push(id)
  await runtime.listSessions({ limit: 20 })
  await runtime.verify(id)
  count('looks')
}

async function turn(session: SessionHandle, input = 'go on'): Promise<void> {
  const { status, error } = await session.submitTurn(input).result
  count('turns')
  if (status !== 'completed') sayLine(['problem', `a turn ended ${status}: ${error?.message}`])
}

const steps: readonly ((session: SessionHandle) => Promise<void>)[] = [
  turn,
  turn,
  turn,
  (session) => turn(session, 'please delegate this'),
  async (session) => {
    const waiting = session.submitTurn('please wait')
    const later = session.submitTurn('after that')
    await sleep(pickBetween(random, 0, 5))
    await session.interrupt()
    await Promise.all([waiting.result, later.result])
    count('interrupts')
    count('turns')
  },
  async (session) => {
    const running = session.submitTurn('go on')
    const joined = session.steer('and this as well')
    await Promise.all([running.result, joined.result])
    count('steered')
    count('turns')
  },
  async (session) => {
    const fork = await session.fork({ at: pickBetween(random, 1, session.state.head) })
    await turn(fork)
    await fork.detach()
    await remove(fork.id)
    count('forks')
  },
  // A reader that leaves in the middle, one that is told to, and one that reads to the end.
  async (session) => {
    const running = session.submitTurn('go on')
    for await (const event of session.events({ live: true })) if ('seq' in event && event.seq > 3) break
    await running.result
    const reading = new AbortController()
    const reader = Array.fromAsync(runtime.events.subscribe({ signal: reading.signal }))
    await turn(session)
    reading.abort()
    await reader
    for await (const _ of session.submitTurn('read me'));
    counts['turns']! += 2
    count('readers')
  },
  async (session) => {
    await session.notify('soak', 'a note')
    await session.update({ title: `title ${random()}` })
    await session.compact()
    count('compactions')
  },
  async (session) => {
    const other = session.clone()
    await Promise.all([turn(session), other.detach()])
    count('clones')
  },
]

// Never read: it must cost nothing but its buffer.
const stalled = runtime.events.subscribe()[Symbol.asyncIterator]()
void stalled.next()

await Promise.all([...Array.from({ length: LANES }, lane), measure()])
await stalled.return?.()
await runtime.shutdown()
