import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { definePlugin, type Clock, type SessionRuntime } from '@halter/core'
import sqliteStore from '@halter/plugin-sqlite-store'
import { createRuntime } from 'halter'
import { startWorker, type RunningWorker } from '../crash/run-worker.ts'
import { scaled, type Row, type Section } from '../report.ts'
import { pickBetween, seededRandom } from '../seeded-random.ts'

/** Longer than any lease lasts: by another clock, and in real time. Milliseconds. */
const LATER_MS = 60_000
const REALLY_LATER_MS = 31_000

/** How a session is taken: by force, or after its lease has run out by another clock, or by everybody's. */
type TakeOver = 'steal' | 'expiry' | 'wait'

interface Stage {
  readonly store: string
  readonly holder: RunningWorker
  /** Takes what it wants. */
  readonly thief: SessionRuntime
  /** Takes what has expired: its clock is ahead by more than a lease lasts. */
  readonly heir: SessionRuntime
  readonly tally: Record<TakeOver | 'stoppedInside' | 'acknowledged', number>
}

/** Stops a process that holds a session, gives the session to another, and lets the first go on: nothing of it may be stored. */
export const pausedHolder: Section = async (given) => {
  const runs = scaled(100, given)
  const folder = mkdtempSync(join(given.scratch, 'paused-'))
  const store = join(folder, 'sessions.db')
  const effects = join(folder, 'effects.txt')
  const holder = startWorker('holder.ts', { task: { store, effects, seed: given.seed } })
  const tally = { stoppedInside: 0, acknowledged: 0, steal: 0, expiry: 0, wait: 0 }
  const thief = await createRuntime({ plugins: [[sqliteStore, { path: store }]], defaultModel: 'demo' })
  const heir = await createRuntime({
    plugins: [[sqliteStore, { path: store }], laterClock],
    defaultModel: 'demo',
  })
  const problems: string[] = []
  try {
    for (let run = 0; run < runs; run++) {
      const random = seededRandom(given.seed * 31 + run)
      const how = given.scale >= 1 && run === runs - 1 ? 'wait' : run % 2 === 0 ? 'steal' : 'expiry'
      const found = await oneRun({ store, holder, thief, heir, tally }, how, random)
      problems.push(...found.map((problem) => `${problem} (paused holder, seed ${given.seed}, run ${run})`))
    }
  } finally {
    holder.kill()
    await holder.ended
    await Promise.all([thief.shutdown(), heir.shutdown()])
  }
  problems.push(...(await checkEffects(effects, store)))
  return [rowOf(runs, tally, problems)]
}

const laterClock = definePlugin({
  name: '@halter/reliability/later',
  apiVersion: 1,
  provides: ['clock'],
  setup: () => {
    const clock: Clock = {
      now: () => Date.now() + LATER_MS,
      monotonic: () => performance.now(),
      sleep: async (ms, signal) => {
        await sleep(ms, undefined, { signal })
      },
      timer: (ms, run) => {
        const timer = setTimeout(run, ms)
        return () => clearTimeout(timer)
      },
    }
    return { clock }
  },
})

async function oneRun(stage: Stage, how: TakeOver, random: () => number): Promise<readonly string[]> {
  const { store, holder, tally } = stage
  const [, id] = (await holder.next('holding')) as [string, string]
  await sleep(pickBetween(random, 1, 60))
  await stopOutsideTransaction(holder, store, tally)
  tally[how] += 1
  if (how === 'wait') await sleep(REALLY_LATER_MS)
  const taker = how === 'expiry' ? stage.heir : stage.thief
  const session = (await taker.resume(id, { steal: how === 'steal' }))!
  const at = session.state.head
  await session.notify('taken', 'by another process')
  holder.signal('SIGCONT')
  const [, , code] = (await holder.next('taken')) as [string, string, string]
  await session.notify('kept', 'after the first one woke up')
  const log = await Array.fromAsync(session.replay())
  const { problems } = await taker.verify(id)
  await session.detach()
  const acknowledged = holder.lines().filter((line) => line[0] === 'done' && line[1] === id)
  tally.acknowledged += acknowledged.length
  const head = Math.max(...acknowledged.map((line) => Number(line[2])))
  const resumedAt = log.findIndex(({ type }) => type === 'session.resumed') + 1
  const later = log.slice(at).map((event) => (event.type === 'notification.raised' ? event.kind : event.type))
  return [
    ...(code === 'ERR_SESSION_LEASED' ? [] : [`the first holder of ${id} was refused with ${code}`]),
    ...(head > resumedAt ? [`event ${head} of ${id} was acknowledged to one who did not hold it`] : []),
    ...(later.join() === 'taken,kept' ? [] : [`after it was taken over, ${id} got ${later.join()}`]),
    ...problems.map(({ seq, problem }) => `verify of ${id}: event ${seq} ${problem}`),
  ]
}

/** One that is stopped inside a transaction locks the whole file, for as long as it is stopped: only a kill would free it. */
async function stopOutsideTransaction(
  holder: RunningWorker,
  store: string,
  tally: Stage['tally'],
): Promise<void> {
  for (;;) {
    holder.signal('SIGSTOP')
    while (!isStopped(holder.pid)) await sleep(1)
    if (!isLocked(store)) return
    tally.stoppedInside += 1
    holder.signal('SIGCONT')
    await sleep(1)
  }
}

function isStopped(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T')
}

function isLocked(store: string): boolean {
  const db = new DatabaseSync(store, { timeout: 0 })
  try {
    db.exec('BEGIN IMMEDIATE; ROLLBACK')
    return false
  } catch {
    return true
  } finally {
    db.close()
  }
}

/** Every effect has its intent, whoever held the session then. */
async function checkEffects(file: string, store: string): Promise<readonly string[]> {
  const runtime = await createRuntime({ plugins: [[sqliteStore, { path: store }]], defaultModel: 'demo' })
  const problems: string[] = []
  for (const line of readFileSync(file, { encoding: 'utf8', flag: 'a+' }).split('\n').filter(Boolean)) {
    const [id = '', callId = ''] = line.split(' ')
    const log = await Array.fromAsync(runtime.replay(id))
    if (!log.some((event) => event.type === 'toolCall.started' && event.callId === callId))
      problems.push(`call ${callId} of ${id} had an effect and has no stored intent (paused holder)`)
  }
  await runtime.shutdown()
  return problems
}

function rowOf(runs: number, tally: Stage['tally'], problems: readonly string[]): Row {
  return {
    what: 'a holder stopped, taken over, and woken',
    figures: [
      ['runs', runs],
      ['by steal', tally.steal],
      ['after expiry by another clock', tally.expiry],
      ['after 31 s', tally.wait],
      ['acknowledged before', tally.acknowledged],
      ['stopped inside a transaction and tried again', tally.stoppedInside],
    ],
    problems,
  }
}
