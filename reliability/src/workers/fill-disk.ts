/**
 * Runs turns until the disk is full, looks at what can still be read, makes room, and goes on; as often as it is told. Its
 * argument is a `FillTask`. The disk is a small one, or a fault that this process arms for itself. Lines: ["round", FillRound].
 */
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SessionHandle } from '@halter/core'
import sqliteStore from '@halter/plugin-sqlite-store'
import { fold, type StoredEvent } from '@halter/protocol'
import { createRuntime } from 'halter'
import { FaultControl } from '../faults/fault-control.ts'
import { pickBetween, seededRandom } from '../seeded-random.ts'
import { effectPlugin } from './effect-plugin.ts'
import { sayLine } from './say.ts'

/** What is to be done. */
export interface FillTask {
  /** On the disk that gets full. */
  readonly folder: string
  /** On another one. */
  readonly effects: string
  readonly seed: number
  readonly rounds: number
  /** Whether it is a real one, and small. */
  readonly isSmall: boolean
}

/** What happened when the disk was full. */
export interface FillRound {
  readonly turns: number
  /** The code that the turn ended with, and whether its message names the file. */
  readonly code: string
  readonly message: string
  readonly namesFile: boolean
  /** Whether the session, and another one, could be read and listed while nothing could be written. */
  readonly readable: boolean
  readonly otherReadable: boolean
  /** Whether the same session went on once there was room. */
  readonly resumed: boolean
  readonly problems: readonly string[]
}

const task = JSON.parse(process.argv[2] ?? '{}') as FillTask
const random = seededRandom(task.seed)
const control = FaultControl.ofThisProcess()

function fill(filler: string): void {
  if (!task.isSmall) control!.arm(0, { kind: 'ENOSPC', at: pickBetween(random, 1, 60), stays: true })
  else {
    const { bavail, bsize } = statfsSync(task.folder)
    writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - pickBetween(random, 0, 150_000))))
  }
}

function makeRoom(filler: string): void {
  if (!task.isSmall) control!.arm(0, undefined)
  else rmSync(filler, { force: true })
}

for (let round = 0; round < task.rounds; round++) {
  const folder = join(task.folder, `${round}`)
  mkdirSync(folder)
  sayLine(['round', await oneRound(folder)])
  rmSync(folder, { recursive: true })
}

async function oneRound(folder: string): Promise<FillRound> {
  const [path, filler] = [join(folder, 'sessions.db'), join(folder, 'filler')]
  const store = [sqliteStore, { path }] as const
  const plugins = [store, effectPlugin({ effects: task.effects, random, say: () => {} })]
  await using runtime = await createRuntime({ plugins, defaultModel: 'crash' })
  const read = (id: string): Promise<StoredEvent[]> => Array.fromAsync(runtime.replay(id))
  const other = await runtime.newSession({ workingDir: '/' })
  await other.submitTurn('before the disk is full').orThrow()
  const before = await read(other.id)
  const session = await runtime.newSession({ workingDir: '/' })
  fill(filler)
  const filled = await useUp(session, path)
  const { head } = session.state
  const [log, otherLog] = [await read(session.id), await read(other.id)]
  const { problems } = await runtime.verify(session.id)
  const { sessions } = await runtime.listSessions()
  makeRoom(filler)
  const { status, error } = await session.submitTurn('there is room again').result
  const whole = await read(session.id)
  const after = await runtime.verify(session.id)
  const isFold = fold(whole).transcript.length === session.state.transcript.length
  return {
    ...filled,
    readable: log.length === head && sessions.length === 2,
    otherReadable: otherLog.length === before.length,
    resumed: status === 'completed',
    problems: [
      ...[...problems, ...after.problems].map(({ seq, problem }) => `event ${seq} ${problem}`),
      ...(error ? [`with room again: ${error.message}`] : []),
      ...(isFold ? [] : ['the state is no fold of the log']),
      ...(log.every((event, index) => event.type === whole[index]?.type) ? [] : ['the log has changed']),
    ],
  }
}

/** Turns until one is refused. */
async function useUp(
  session: SessionHandle,
  path: string,
): Promise<Pick<FillRound, 'turns' | 'code' | 'message' | 'namesFile'>> {
  for (let turns = 0; ; turns++) {
    const { error } = await session.submitTurn('words '.repeat(pickBetween(random, 10, 1500))).result
    if (!error) continue
    const { code, message, cause } = error
    const isFull = code === 'ERR_STORE_FULL' || cause?.code === 'ERR_STORE_FULL'
    const said = [message, cause?.message].filter(Boolean).join(' ')
    return {
      turns,
      code: isFull ? 'ERR_STORE_FULL' : code,
      message: said,
      namesFile: said.includes(path),
    }
  }
}
