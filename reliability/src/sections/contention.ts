import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { SqliteSessionStore } from '@halter/plugin-sqlite-store'
import type { StoredEvent } from '@halter/protocol'
import { sampleSession } from '@halter/testkit/rules'
import { startWorker, type Line } from '../crash/run-worker.ts'
import { scaled, type Row, type Section } from '../report.ts'
import type { ContenderTask } from '../workers/contender.ts'
import type { LoopFigures } from '../workers/loop-watch.ts'

const PROCESSES = 8
/** No event loop is held up for longer. Milliseconds. */
const MOST_BLOCKED_MS = 100
/** Until about all have started. Milliseconds. */
const START_MS = 1500

/** Eight processes that write to one file: to one session, where one of them wins at each head, and each to its own. */
export const contention: Section = async (given) => {
  const folder = mkdtempSync(join(given.scratch, 'contention-'))
  return [
    await compete(join(folder, 'one.db'), scaled(1000, given)),
    await writeApart(join(folder, 'apart.db'), scaled(1000, given)),
  ]
}

/** All to one session. */
async function compete(path: string, commits: number): Promise<Row> {
  const session = sampleSession()
  const store = await SqliteSessionStore.open({ path })
  await store.create(session)
  const { lines, figures } = await run(path, commits, () => session.sessionId)
  const problems: string[] = []
  const won = lines.filter(([word]) => word === 'won').map(([, before]) => Number(before))
  const lost = lines.filter(([word]) => word === 'lost')
  for (const [index, before] of won.toSorted((a, b) => a - b).entries())
    if (before !== 1 + index * 2)
      problems.push(`head ${before} was won, and ${1 + index * 2} should have been`)
  for (const [, code, before, actual] of lost)
    if (code !== 'ERR_COMMIT_CONFLICT' || !(Number(actual) > Number(before)))
      problems.push(
        `a loser at ${String(before)} was told ${String(code)}, and that the head is ${String(actual)}`,
      )
  problems.push(...interleaved(await Array.fromAsync(store.replay(session.sessionId, { after: 1 }))))
  await store.close()
  return {
    what: `${PROCESSES} processes commit to one session`,
    figures: [['commits', won.length], ['conflicts', lost.length], ...loopFigures(figures, won.length)],
    problems: [...problems.slice(0, 10), ...loopProblems(figures)],
  }
}

/** Each to its own. */
async function writeApart(path: string, commits: number): Promise<Row> {
  const store = await SqliteSessionStore.open({ path })
  const sessions = Array.from({ length: PROCESSES }, () => sampleSession())
  for (const session of sessions) await store.create(session)
  const { lines, figures } = await run(path, commits, (index) => sessions[index]!.sessionId)
  const problems = lines
    .filter(([word]) => word === 'lost')
    .map((line) => `a lone writer lost: ${line.join(' ')}`)
  for (const { sessionId } of sessions) {
    const head = (await store.load(sessionId))?.head
    if (head !== 1 + commits * 2) problems.push(`${sessionId} ends at ${head}, not at ${1 + commits * 2}`)
  }
  await store.close()
  return {
    what: `${PROCESSES} processes commit, each to its session`,
    figures: [['commits', commits * PROCESSES], ...loopFigures(figures, commits * PROCESSES)],
    problems: [...problems, ...loopProblems(figures)],
  }
}

interface Timed extends LoopFigures {
  readonly ms: number
}

async function run(
  store: string,
  commits: number,
  sessionOf: (index: number) => string,
): Promise<{ readonly lines: readonly Line[]; readonly figures: readonly Timed[] }> {
  const startAt = Date.now() + START_MS
  const workers = Array.from({ length: PROCESSES }, (_, index) => {
    const task: ContenderTask = { store, sessionId: sessionOf(index), commits, name: `${index}`, startAt }
    return startWorker('contender.ts', { task })
  })
  const ends = await Promise.all(workers.map(({ ended }) => ended))
  const failed = ends.find(({ code }) => code !== 0)
  if (failed) throw new Error(`a contender failed: ${failed.stderr}`)
  const lines = workers.flatMap((worker) => worker.lines())
  return { lines, figures: lines.filter(([word]) => word === 'loop').map(([, figures]) => figures as Timed) }
}

/** Both events of each commit lie together. */
function interleaved(events: readonly StoredEvent[]): string[] {
  const texts = events.map((event) =>
    event.type === 'message.appended' && event.message.parts[0]?.kind === 'text'
      ? event.message.parts[0].text
      : '',
  )
  return texts.flatMap((text, index) => {
    const [name = '', part] = text.split(' ')
    const isRight =
      index % 2 === 0 ? part === '1/2' : part === '2/2' && texts[index - 1]!.startsWith(`${name} `)
    return isRight ? [] : [`event ${index + 2} is "${text.slice(0, 20)}": two commits lie in each other`]
  })
}

function loopFigures(figures: readonly Timed[], commits: number): Row['figures'] {
  const most = (pick: (each: Timed) => number) => Math.max(...figures.map(pick))
  return [
    ['commits/s', commits / (most(({ ms }) => ms) / 1000)],
    ['loop delay p99', `${most(({ delayP99 }) => delayP99).toFixed(0)} ms`],
    ['longest', `${most(({ delayMax }) => delayMax).toFixed(0)} ms`],
    ['longest without waiting for a processor', `${most(({ blockedMax }) => blockedMax).toFixed(0)} ms`],
  ]
}

function loopProblems(figures: readonly LoopFigures[]): string[] {
  return figures
    .filter(({ blockedMax }) => blockedMax > MOST_BLOCKED_MS)
    .map(({ blockedMax }) => `an event loop was held up for ${blockedMax.toFixed(0)} ms`)
}
