import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { CommandOutput, endProcesses, isGroupAlive, readProcess } from '@halter/child-processes'
import type { ProcessTree } from '@halter/child-processes'
import { captureStream } from './capture-stream.ts'
import { errnoOf, failure } from '../failure.ts'
import { MAX_STATE_BYTES, readState, STATE_FD } from './shell-script.ts'
import type { ShellState } from './shell-script.ts'

/** What to run, and how. */
export interface CommandRequest {
  readonly shell: string
  /** What the shell is to run. */
  readonly script: string
  /** What the script reads as its state; empty: it only writes one; undefined: neither. */
  readonly definitions?: string
  readonly workingDir: string
  readonly env: Readonly<Record<string, string>>
  /** The entry of the environment by which its processes are found. */
  readonly mark: string
  /** Milliseconds. */
  readonly timeoutMs: number
  readonly maxOutputBytes: number
  readonly signal: AbortSignal
  /** Gets the output as it is produced; no character is cut in two. */
  onOutput(text: string): void
  /** Gets the end of the command's processes, which may come after the result. */
  onEnding(ending: Promise<void>): void
}

/** How a command ended. */
export interface CommandResult {
  readonly how: 'exited' | 'timed-out' | 'cancelled'
  /** Null when a signal ended it, or when it was not waited for. */
  readonly exitCode: number | null
  readonly exitSignal: NodeJS.Signals | null
  readonly output: string
  /** What the script wrote as its state; undefined when it did not come to that. */
  readonly state: ShellState | undefined
  readonly durationMs: number
  readonly tree: ProcessTree
  /** Whether processes of the shell's group outlived it. */
  readonly hasBackground: boolean
}

/** Milliseconds that output is read for at most when the shell is gone and something else holds its pipes. */
const DRAIN_MS = 250
/** Turns of the event loop that bring nothing, after which nothing is left. */
const QUIET_TURNS = 5
/** Milliseconds that a cancelled call waits for its processes to go politely; the rest happens behind it. */
const CANCEL_WAIT_MS = 100
/** The same for one that ran out of time: nobody presses a key and waits. */
const TIMEOUT_WAIT_MS = 2_000

/**
 * Runs a command in a process group of its own, with no input. Settles when the shell has exited, not when the last holder of
 * its pipes has; when it is stopped, everything that it started is ended too, wherever it went.
 * @throws HalterError `ERR_TOOL_FAILED` when it cannot be started.
 */
export async function runCommand(request: CommandRequest): Promise<CommandResult> {
  const begin = performance.now()
  const child = await start(request)
  const leader = child.pid!
  const tree = { leader, mark: request.mark, since: readProcess(leader)?.startTime ?? 0 }
  const output = new CommandOutput(request.maxOutputBytes)
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null)
  let chunks = 0
  for (const stream of streams) stream.on('data', () => chunks++)
  const captures = streams.map((stream) => captureStream(stream, output, (text) => request.onOutput(text)))
  const state = exchangeState(child, request.definitions)
  // Asked for now: both events may come in the same moment.
  const closed = once(child, 'close')
  const how = await firstEnd(once(child, 'exit'), request)
  if (how === 'exited') await drained(closed, () => chunks + state.chunks())
  else {
    const ending = endProcesses(tree)
    request.onEnding(ending)
    await within(Promise.all([ending, closed]), how === 'cancelled' ? CANCEL_WAIT_MS : TIMEOUT_WAIT_MS)
  }
  for (const release of captures) release()
  const left = state.end()
  child.unref()
  return {
    how,
    exitCode: child.exitCode,
    exitSignal: child.signalCode,
    output: output.text(),
    state: how === 'exited' ? left : undefined,
    durationMs: performance.now() - begin,
    tree,
    hasBackground: how === 'exited' && isGroupAlive(leader),
  }
}

async function start({ shell, script, definitions, workingDir, env }: CommandRequest): Promise<ChildProcess> {
  try {
    const child = spawn(shell, ['-c', script], {
      cwd: workingDir,
      env,
      stdio: ['ignore', 'pipe', 'pipe', ...(definitions === undefined ? [] : ['pipe' as const])],
      // A group and session of its own: one signal reaches all of it, and no terminal of ours. Windows would open a window.
      detached: process.platform !== 'win32',
      windowsHide: true,
    })
    await once(child, 'spawn')
    return child
  } catch (error) {
    throw notStarted(error, shell, workingDir)
  }
}

function notStarted(error: unknown, shell: string, workingDir: string): unknown {
  const code = errnoOf(error)
  if (code === 'E2BIG')
    return failure(
      'The command is too long for the system. Write it into a file with write, and run that.',
      error,
    )
  if (code === 'ERR_INVALID_ARG_VALUE')
    return failure('The command holds a NUL character, which no command can. Leave it out.', error)
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return failure(`The command could not start: ${workingDir} or ${shell} does not exist any more.`, error)
  return failure(
    `The command could not start: ${error instanceof Error ? error.message : String(error)}.`,
    error,
  )
}

/** Gives the script its state, and takes the new one. */
function exchangeState(
  child: ChildProcess,
  definitions: string | undefined,
): { chunks(): number; end(): ShellState | undefined } {
  const socket = child.stdio[STATE_FD] as Duplex | undefined
  if (!socket || definitions === undefined) return { chunks: () => 0, end: () => undefined }
  const chunks: Buffer[] = []
  let bytes = 0
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= MAX_STATE_BYTES) chunks.push(chunk)
  })
  // A command that closed it, or was ended, has no state.
  socket.on('error', () => {})
  // A script without a state does not read, and may be over before this is: what it wrote would break on our end of the pipe.
  if (definitions !== '') socket.end(definitions)
  return {
    chunks: () => bytes,
    end() {
      socket.destroy()
      return bytes <= MAX_STATE_BYTES ? readState(Buffer.concat(chunks).toString('utf8')) : undefined
    },
  }
}

/**
 * Waits until everything has been read that was written before the shell ended. What stays in the background may hold the pipes for
 * days; but what was written is in them by now, and each turn of the loop reads what there is.
 */
async function drained(closed: Promise<unknown>, chunks: () => number): Promise<void> {
  const end = performance.now() + DRAIN_MS
  const isClosed = closed.then(() => true)
  for (let quiet = 0, seen = chunks(); quiet < QUIET_TURNS && performance.now() < end; quiet++) {
    if (await Promise.race([isClosed, setImmediate(false)])) return
    if (chunks() !== seen) quiet = 0
    seen = chunks()
  }
}

async function firstEnd(
  exited: Promise<unknown>,
  { timeoutMs, signal }: CommandRequest,
): Promise<CommandResult['how']> {
  const { promise, resolve } = Promise.withResolvers<CommandResult['how']>()
  const timer = setTimeout(() => resolve('timed-out'), timeoutMs)
  const onAbort = (): void => resolve('cancelled')
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  void exited.then(() => resolve('exited'))
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
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
