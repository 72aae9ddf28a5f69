import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { CommandOutput } from './command-output.ts'
import { endProcesses, isGroupAlive } from './end-processes.ts'
import type { ProcessTree } from './end-processes.ts'
import { readProcess } from './processes.ts'

/** What to run, and how. */
export interface ProgramRequest {
  readonly program: string
  readonly args: readonly string[]
  readonly workingDir: string
  readonly env: Readonly<Record<string, string>>
  /** The entry of `env` by which its processes are found: `NAME=value`, a value that nothing else has. */
  readonly mark: string
  /** Written to its stdin, which then ends. Absent: it reads nothing. */
  readonly input?: string
  /** Bytes kept of each of stdout and stderr: beginning and end. */
  readonly maxOutputBytes: number
  /** Bytes of output, kept or not, at which it is stopped. */
  readonly maxFloodBytes: number
  /** Stops it: a deadline, or somebody who does not wait any more. */
  readonly signal: AbortSignal
  /** Gets the end of its processes, which may come after the result. It never rejects. */
  readonly onEnding: (ending: Promise<void>) => void
}

/** How a program ended. */
export interface ProgramResult {
  /** `stopped`: the signal was aborted. `flooded`: it wrote more than `maxFloodBytes`. Both end all its processes. */
  readonly how: 'exited' | 'stopped' | 'flooded'
  /** Null when a signal ended it, or when it was not waited for. */
  readonly exitCode: number | null
  readonly exitSignal: NodeJS.Signals | null
  readonly stdout: CommandOutput
  readonly stderr: CommandOutput
  /** Finds what is left of it. */
  readonly tree: ProcessTree
  /** Processes of its group outlived it. Those that left the group are not counted. */
  readonly hasBackground: boolean
}

/** Milliseconds that output is waited for when the program is gone and something else holds its pipes. */
const DRAIN_MS = 250
/** Milliseconds that the end of all its processes is waited for; the rest happens behind the result. */
const END_WAIT_MS = 700

/**
 * Runs a program in a process group of its own, and settles when it has exited, not when the last holder of its pipes has. Input is
 * written while it runs: one that never reads it, or closes its end, is none the worse.
 * @throws what `spawn` gave when it could not be started: a system error with its code, or `ERR_INVALID_ARG_VALUE` for a NUL.
 */
export async function runProgram(request: ProgramRequest): Promise<ProgramResult> {
  const child = await start(request)
  const leader = child.pid!
  const tree = { leader, mark: request.mark, since: readProcess(leader)?.startTime ?? 0 }
  const output = {
    stdout: new CommandOutput(request.maxOutputBytes),
    stderr: new CommandOutput(request.maxOutputBytes),
  }
  const flooded = Promise.withResolvers<'flooded'>()
  const outlets = (['stdout', 'stderr'] as const).map((name) =>
    capture(child[name]!, output[name], request.maxFloodBytes, () => flooded.resolve('flooded')),
  )
  // Asked for now: both events may come in the same moment.
  const closed = once(child, 'close')
  feed(child.stdin, request.input)
  const how = await firstOf(once(child, 'exit'), flooded.promise, request.signal)
  if (how === 'exited') await drain(closed)
  else {
    const ending = endProcesses(tree)
    request.onEnding(ending)
    await within(Promise.all([ending, closed]), END_WAIT_MS)
  }
  for (const release of outlets) release()
  child.stdin?.destroy()
  child.unref()
  return {
    how,
    exitCode: child.exitCode,
    exitSignal: child.signalCode,
    ...output,
    tree,
    hasBackground: how === 'exited' && isGroupAlive(leader),
  }
}

async function start({ program, args, workingDir, env, input }: ProgramRequest): Promise<ChildProcess> {
  const child = spawn(program, args, {
    cwd: workingDir,
    env,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    // A group and session of its own: one signal reaches all of it, and no terminal of ours. Windows would open a window.
    detached: process.platform !== 'win32',
    windowsHide: true,
  })
  await once(child, 'spawn')
  return child
}

function feed(stdin: Writable | null, input: string | undefined): void {
  if (!stdin || input === undefined) return
  // It need not read what it is told.
  stdin.on('error', () => {})
  stdin.end(input)
}

/**
 * Collects what a program writes. The returned function ends that: what comes later is read and forgotten, so that a process in
 * the background does not break on a closed pipe, and keeps nobody alive; one that floods does break.
 */
function capture(stream: Readable, output: CommandOutput, maxBytes: number, onFlood: () => void): () => void {
  let total = 0
  let isKept = true
  stream.on('data', (chunk: Buffer) => {
    total += chunk.length
    if (isKept) output.push(chunk)
    if (total <= maxBytes) return
    onFlood()
    stream.destroy()
  })
  // A pipe that breaks has said all it had to say.
  stream.on('error', () => {})
  return () => {
    isKept = false
    const { unref } = stream as Readable & { unref?: () => void }
    unref?.call(stream)
  }
}

async function firstOf(
  exited: Promise<unknown>,
  flooded: Promise<'flooded'>,
  signal: AbortSignal,
): Promise<ProgramResult['how']> {
  const { promise, resolve } = Promise.withResolvers<ProgramResult['how']>()
  const onAbort = (): void => resolve('stopped')
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  void exited.then(() => resolve('exited'))
  void flooded.then(resolve)
  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** Waits for what is still in the pipes. On a machine with much else to do, the time alone would not mean that they were read. */
async function drain(closed: Promise<unknown>): Promise<void> {
  await within(closed, DRAIN_MS)
  await setImmediate()
}

/** Waits for a promise, but not for longer than `ms`. */
async function within(promise: Promise<unknown>, ms: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  try {
    await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
