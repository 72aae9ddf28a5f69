import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { FaultControl } from '../faults/fault-control.ts'
import type { Injection } from '../faults/find-injection.ts'

/** How long a worker may take, or may be silent when something is expected of it. Milliseconds. */
const PATIENCE_MS = 60_000

/** What compiled sources are kept in, so that the next of a thousand processes starts in half the time. */
const COMPILE_CACHE = join(tmpdir(), `halter-reliability-cache-${process.getuid?.() ?? 0}`)

/** How to run a program of `workers/`. */
export interface WorkerOptions {
  /** Goes to it as JSON. */
  readonly task: object
  /** Under which faults, on files below which folder. */
  readonly under?: {
    readonly injection: Injection
    readonly control: FaultControl
    readonly folder: string
  }
  readonly execArgv?: readonly string[]
  /** A program and its arguments that starts it: `unshare …`. */
  readonly launcher?: readonly string[]
  /** How long it may take. Default 60,000. */
  readonly patienceMs?: number
  /** Called for each line it writes; without it, lines are kept. */
  readonly onLine?: (line: string, kill: () => void) => void
}

/** How a worker ended. */
export interface WorkerEnd {
  readonly signal: NodeJS.Signals | null
  readonly code: number | null
  readonly stderr: string
  /** It did not end, and was killed for that. */
  readonly hung: boolean
}

/** What a worker said: a line of JSON. */
export type Line = readonly unknown[]

/** A program of `workers/` that runs in a process of its own. */
export interface RunningWorker {
  readonly pid: number
  readonly ended: Promise<WorkerEnd>
  /** The next line that begins with this word. @throws when the worker ends before it says so. */
  next(word: string): Promise<Line>
  /** All it has said so far. */
  lines(): readonly Line[]
  signal(name: NodeJS.Signals): void
  kill(): void
}

/** Runs a program of `workers/` to its end. */
export function runWorker(file: string, options: WorkerOptions): Promise<WorkerEnd> {
  return startWorker(file, { patienceMs: PATIENCE_MS, ...options }).ended
}

/** Starts a program of `workers/`. */
export function startWorker(file: string, options: WorkerOptions): RunningWorker {
  const { task, under, execArgv = [], launcher = [], patienceMs, onLine } = options
  const faults = under?.injection.into(under.control, under.folder)
  const worker = join(import.meta.dirname, '..', 'workers', file)
  const node = [process.execPath, ...execArgv, ...(faults?.execArgv ?? []), worker, JSON.stringify(task)]
  const [program = '', ...args] = [...launcher, ...node]
  const child = spawn(program, args, {
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE, ...faults?.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  let hung = false
  const kill = (): void => void child.kill('SIGKILL')
  const timer =
    patienceMs &&
    setTimeout(() => {
      hung = true
      kill()
    }, patienceMs)
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const talk = new Talk()
  const reading = createInterface({ input: child.stdout })
  reading.on('line', (line) => (onLine ? onLine(line, kill) : talk.take(line)))
  const ended = new Promise<WorkerEnd>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      talk.end(`${file} ended (${signal ?? code}): ${stderr}`)
      resolve({ code, signal, stderr, hung })
    })
  })
  return {
    pid: child.pid!,
    ended,
    next: (word) => talk.next(word),
    lines: () => talk.lines,
    signal: (name) => void child.kill(name),
    kill,
  }
}

/** Lines, for who waits for one of them. */
class Talk {
  readonly lines: Line[] = []
  #read = 0
  #waiting:
    | {
        readonly word: string
        readonly resolve: (line: Line) => void
        readonly reject: (error: Error) => void
      }
    | undefined
  #ended: string | undefined

  take(text: string): void {
    try {
      this.lines.push(JSON.parse(text) as Line)
    } catch {
      return // cut short by a kill
    }
    this.#hand()
  }

  end(why: string): void {
    this.#ended = why
    this.#waiting?.reject(new Error(why))
  }

  next(word: string): Promise<Line> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(new Error(this.#ended))
      this.#waiting = { word, resolve, reject }
      this.#hand()
    })
  }

  #hand(): void {
    const { word, resolve } = this.#waiting ?? {}
    if (!resolve) return
    while (this.#read < this.lines.length) {
      const line = this.lines[this.#read++]!
      if (line[0] !== word) continue
      this.#waiting = undefined
      return resolve(line)
    }
  }
}
