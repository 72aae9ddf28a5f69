import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { CommandOutput, endProcesses, isGroupAlive, readProcess } from '@halter/child-processes'
import type { ProcessTree } from '@halter/child-processes'
import { captureStream } from './capture-stream.ts'
import { errnoOf, failure } from '../failure.ts'

/** What to run, and how. */
export interface CommandRequest {
  readonly shell: string
  readonly command: string
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
  readonly durationMs: number
  readonly tree: ProcessTree
  /** Whether processes of the shell's group outlived it. */
  readonly hasBackground: boolean
}

/** Milliseconds that output is waited for when the shell is gone and something else holds its pipes. */
const DRAIN_MS = 250
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
  const captures = streams.map((stream) => captureStream(stream, output, (text) => request.onOutput(text)))
  // Asked for now: both events may come in the same moment.
  const closed = once(child, 'close')
  const how = await firstEnd(once(child, 'exit'), request)
  if (how === 'exited') await within(closed, DRAIN_MS)
  else {
    const ending = endProcesses(tree)
    request.onEnding(ending)
    await within(Promise.all([ending, closed]), how === 'cancelled' ? CANCEL_WAIT_MS : TIMEOUT_WAIT_MS)
  }
  for (const release of captures) release()
  child.unref()
  return {
    how,
    exitCode: child.exitCode,
    exitSignal: child.signalCode,
    output: output.text(),
    durationMs: performance.now() - begin,
    tree,
    hasBackground: how === 'exited' && isGroupAlive(leader),
  }
}

async function start({ shell, command, workingDir, env }: CommandRequest): Promise<ChildProcess> {
  try {
    const child = spawn(shell, ['-c', command], {
      cwd: workingDir,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
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
