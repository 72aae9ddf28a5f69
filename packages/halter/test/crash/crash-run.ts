import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url))

/** When the worker dies: after so many lines of a kind, and a moment later. */
export interface KillPlan {
  readonly after: 'delta' | 'effect' | 'ack'
  readonly count: number
  readonly delayMs: number
}

/** What a killed worker had told before it died. */
export interface Witness {
  readonly home: string
  readonly sessionId: string
  /** Acknowledged events, in order: `[seq, type]`. */
  readonly acknowledged: readonly (readonly [number, string])[]
  /** Call ids, one per effect outside. */
  readonly effects: readonly string[]
}

/** A folder for a store and the file of effects beside it; removed after `run`. */
export async function inHome<T>(run: (home: string) => Promise<T>): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), 'halter-crash-'))
  try {
    return await run(home)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

/** Runs the worker until its kill, by SIGKILL. */
export async function runUntilKilled(
  home: string,
  sessionId: string | undefined,
  plan: KillPlan,
): Promise<Witness> {
  const effectsFile = join(home, 'effects.txt')
  const child = spawn(process.execPath, [WORKER, sessionId ?? '-', effectsFile], {
    env: { ...process.env, HALTER_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const errors: string[] = []
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()))
  const ended = once(child, 'exit')
  const told = await listen(child, plan)
  await ended
  if (told.sessionId === undefined) throw new Error(`the worker did not get going: ${errors.join('')}`)
  const effects = (await readFile(effectsFile, 'utf8').catch(() => '')).split('\n').filter(Boolean)
  return {
    home,
    sessionId: told.sessionId,
    acknowledged: told.acknowledged,
    effects: effects.map((line) => line.split(' ')[0]!),
  }
}

async function listen(
  child: ChildProcess,
  plan: KillPlan,
): Promise<{ readonly sessionId: string | undefined; readonly acknowledged: (readonly [number, string])[] }> {
  const acknowledged: (readonly [number, string])[] = []
  let sessionId: string | undefined
  let seen = 0
  for await (const line of createInterface({ input: child.stdout! })) {
    const [word, first = '', second = ''] = line.split(' ')
    if (word === 'session') sessionId = first
    if (word === 'ack') acknowledged.push([Number(first), second])
    if (word === plan.after && sessionId !== undefined && ++seen === plan.count)
      setTimeout(() => child.kill('SIGKILL'), plan.delayMs)
  }
  return { sessionId, acknowledged }
}
