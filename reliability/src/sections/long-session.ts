import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { startWorker, type Line } from '../crash/run-worker.ts'
import { scaled, type Section } from '../report.ts'
import type { BuildTask, LongSession } from '../workers/build-long-session.ts'
import type { ResumeFigures } from '../workers/resume-session.ts'

/** Milliseconds, and megabytes. */
const MOST_MS = 2000
const MOST_MB = 300
const ROUNDS = 5

/** Resume of a compacted session of a million events: by its newest checkpoint, and after as many events as one may lie behind. */
export const longSession: Section = async (given) => {
  const store = join(given.scratch, 'long.db')
  const events = scaled(1_000_000, given)
  const task: BuildTask = { store, sessionId: 'long', events, compactEvery: 3000, tail: 2000 }
  const built = (await ask('build-long-session.ts', task))[1] as LongSession
  const size = statSync(store).size / 1e6
  const rounds: ResumeFigures[] = []
  for (let round = 0; round < ROUNDS; round++)
    rounds.push((await ask('resume-session.ts', { store, sessionId: 'long' }))[1] as ResumeFigures)
  for (const ending of ['', '-wal', '-shm']) rmSync(`${store}${ending}`, { force: true })
  const first = rounds[0]!
  const most = (pick: (each: ResumeFigures) => number) => Math.max(...rounds.map(pick))
  const problems: string[] = []
  if (most(({ ms }) => ms) > MOST_MS) problems.push(`a resume took ${most(({ ms }) => ms).toFixed(0)} ms`)
  if (most(({ maxRssMb }) => maxRssMb) > MOST_MB)
    problems.push(`a process that resumed took ${most(({ maxRssMb }) => maxRssMb).toFixed(0)} MB`)
  if (first.messages !== built.messages)
    problems.push(`the session came back with ${first.messages} messages instead of ${built.messages}`)
  return [
    {
      what: 'resume of a long, compacted session',
      figures: [
        ['events', built.head],
        ['compactions', built.compactions],
        ['live messages', built.messages],
        ['file', `${size.toFixed(0)} MB`],
        ['resume', `${first.ms.toFixed(0)} ms (longest of ${ROUNDS}: ${most(({ ms }) => ms).toFixed(0)})`],
        ['since the start of the process', `${first.sinceStartMs.toFixed(0)} ms`],
        ['most memory', `${most(({ maxRssMb }) => maxRssMb).toFixed(0)} MB`],
      ],
      problems,
    },
  ]
}

async function ask(worker: string, task: object): Promise<Line> {
  const running = startWorker(worker, { task, patienceMs: 600_000 })
  const { code, stderr } = await running.ended
  const line = running.lines().at(-1)
  if (code !== 0 || !line) throw new Error(`${worker} ended with ${code}: ${stderr}`)
  return line
}
