import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const bin = fileURLToPath(new URL('../src/bin.ts', import.meta.url))
// One for all tests, so that not every process compiles the same sources.
const compileCache = fileURLToPath(new URL('../../../node_modules/.halter/compile-cache', import.meta.url))

/** What a process left behind. */
export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A place of its own: a working folder, halter's folder, and a way to run the command line there as a real process. */
export interface Place {
  readonly cwd: string
  readonly home: string
  write(name: string, content: string | object): string
  /** Runs to the end. */
  halter(args: readonly string[], options?: RunOptions): Promise<Finished>
  /** Starts, for tests that look while it runs. */
  start(args: readonly string[], options?: RunOptions): Running
}

/** How a process is run. */
export interface RunOptions {
  /** What is piped in; `open`: nothing, and its end never comes. Default: its end at once. */
  readonly stdin?: string | { readonly kind: 'open' }
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** A process that runs. */
export interface Running {
  readonly child: ChildProcess
  readonly finished: Promise<Finished>
  stdout(): string
  stderr(): string
  /** Resolves once stdout or stderr holds `text`; fails when the process ends first. */
  shows(text: string): Promise<void>
}

/** A fresh place, gone when the test is over. */
export function place(files: Readonly<Record<string, string | object>> = {}): Place {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'halter-cli-')))
  onTestFinished(() => rmSync(base, { recursive: true, force: true }))
  const cwd = join(base, 'work')
  const home = join(base, 'home')
  mkdirSync(cwd)
  const write: Place['write'] = (name, content) => {
    const file = join(cwd, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
    return file
  }
  for (const [name, content] of Object.entries(files)) write(name, content)
  const start: Place['start'] = (args, options = {}) => run([bin, ...args], cwd, home, options)
  return { cwd, home, write, start, halter: (args, options) => start(args, options).finished }
}

/** Starts Node in a place. Nothing of the surrounding halter, terminal or colours reaches it. */
export function run(argv: readonly string[], cwd: string, home: string, options: RunOptions = {}): Running {
  const child = spawn(process.execPath, [...argv], {
    cwd: options.cwd ?? cwd,
    // A home of its own: whoever runs the tests may have skills and hooks.
    env: { ...process.env, HOME: home, HALTER_HOME: home, NODE_COMPILE_CACHE: compileCache, ...options.env },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdin.on('error', () => {})
  if (typeof options.stdin !== 'object') child.stdin.end(options.stdin ?? '')
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return {
    child,
    finished,
    stdout: () => stdout,
    stderr: () => stderr,
    shows: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (stdout.includes(text) || stderr.includes(text)) resolve()
        }
        child.stdout.on('data', look)
        child.stderr.on('data', look)
        child.on('close', () => reject(new Error(`it ended without "${text}":\n${stdout}\n${stderr}`)))
        look()
      }),
  }
}

/** The lines of a JSON Lines text, each of them parsed. */
export function jsonLines<T = Record<string, unknown>>(text: string): T[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)
}

/** A scripted model that says one text. */
export function says(...texts: (string | readonly string[])[]): object {
  return { replies: texts.map((text) => ({ text })) }
}
