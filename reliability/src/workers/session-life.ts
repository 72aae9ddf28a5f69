/**
 * The process that dies: runs turns, forks, deletions and small values over the real store, three things at a time, and says on stdout
 * what it is about to do and what was acknowledged. Its argument is a `Life` as JSON. It ends by itself after as many steps as it was given.
 */
import { flushCompileCache } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { isHalterError, type SessionHandle } from '@halter/core'
import sqliteStore from '@halter/plugin-sqlite-store'
import { isStored } from '@halter/protocol'
import { createRuntime } from 'halter'
import { KeptValues } from '../crash/kept-values.ts'
import type { Life } from '../crash/life.ts'
import type { Statement } from '../crash/statement.ts'
import { WatchedStore } from '../crash/watched-store.ts'
import { pickBetween, pickOne, seededRandom } from '../seeded-random.ts'
import { effectPlugin } from './effect-plugin.ts'
import { sayLine } from './say.ts'

const life = JSON.parse(process.argv[2] ?? '{}') as Life
const random = seededRandom(life.seed)
/** Where its sessions say that they work: nothing is there to look at. */
const workingDir = '/'

function say(statement: Statement): void {
  sayLine(statement)
}

const kept = new KeptValues()
const store = [sqliteStore, { path: life.store, durability: life.durability }] as const
const runtime = await createRuntime({
  plugins: [store, new WatchedStore(say).plugin, effectPlugin({ ...life, random, say }), kept.plugin],
  defaultModel: 'crash',
}).catch((error: unknown) => {
  // A disk that fails while the file is opened is told of by name, and nothing has been asked for yet.
  if (isHalterError(error) && error.message.includes(life.store)) process.exit(0)
  throw error
})
runtime.events.listen((event) => {
  if (isStored(event)) say(['seen', event.sessionId, event.seq])
})

/** A refusal of the store is an answer; anything else is a mistake of ours. */
async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (!isHalterError(error))
      say(['problem', `not a HalterError: ${(error as Error).stack ?? String(error)}`])
    return undefined
  }
}

/** What an earlier life made, or a new one where that did not come to be. */
async function open(index: number): Promise<SessionHandle | undefined> {
  const id = life.resume[index]
  const { interrupted } = life
  return await attempt(
    async () =>
      (id === undefined ? undefined : await runtime.resume(id, { interrupted })) ??
      (await runtime.newSession({ workingDir })),
  )
}

/** One session after the other: a log that was lost to another writer, or to a failed store, is opened again. */
async function work(index: number): Promise<void> {
  let session = await open(index)
  for (let step = 0; step < life.steps; step++) {
    const current = session
    if (!current) {
      await sleep(1)
      session = await open(index)
      continue
    }
    const outcome = await attempt(() => oneStep(current))
    if (outcome === 'lost') {
      await attempt(() => current.detach())
      session = await attempt(() => runtime.resume(current.id))
    }
  }
  await attempt(async () => session?.detach())
}

async function oneStep(session: SessionHandle): Promise<'lost' | undefined> {
  const choice = random()
  if (choice < 0.1) await session.notify('step', 'n'.repeat(pickBetween(random, 0, 3000)))
  else if (choice < 0.15) await session.update({ title: `title ${random()}`, metadata: { a: `${random()}` } })
  else if (choice < 0.2) await session.compact()
  else {
    const input = choice < 0.3 ? 'large '.repeat(pickBetween(random, 3000, 9000)) : 'go on'
    const turn = session.submitTurn(input)
    if (random() < 0.2) {
      await sleep(random() * 5)
      await session.interrupt()
    }
    const { error } = await turn.result
    if (error?.code === 'ERR_COMMIT_CONFLICT' || error?.code === 'ERR_SESSION_LEASED') return 'lost'
  }
  return undefined
}

/** Forks what the others write to, and deletes forks again. */
async function forkAndDelete(): Promise<void> {
  const forks: string[] = []
  for (let step = 0; step < life.steps; step++) {
    await attempt(async () => {
      const value = life.seed + step
      say(['keep', 'step', value])
      await kept.values!.set('step', value)
      say(['kept', 'step', value])
    })
    const origins = (await attempt(() => runtime.listSessions({ parentId: null })))?.sessions ?? []
    const origin = origins.length > 0 ? pickOne(random, origins).sessionId : undefined
    if (origin !== undefined && random() < 0.4) {
      const fork = await attempt(async () => {
        const head = (await runtime.verify(origin)).events
        return await runtime.forkSession(origin, { at: pickBetween(random, 1, head) })
      })
      await fork?.submitTurn('from here').result
      await attempt(async () => fork?.detach())
      if (fork) forks.push(fork.id)
    }
    if (forks.length > 1 && random() < 0.3) {
      const [doomed] = forks.splice(pickBetween(random, 0, forks.length - 1), 1)
      await attempt(() => runtime.deleteSession(doomed!))
    }
    await sleep(2)
  }
}

await Promise.all([work(0), work(1), forkAndDelete()])
await runtime.shutdown()
flushCompileCache()
