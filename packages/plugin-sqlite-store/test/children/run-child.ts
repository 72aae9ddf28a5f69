import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A program of this folder that runs in a process of its own. */
export interface Child {
  readonly process: ChildProcess
  /** Whole lines of its output so far. */
  lines(): string[]
  /** Resolves when it has written its first line. */
  started(): Promise<void>
  /** Resolves, when it is gone, to what it wrote to stderr. */
  readonly gone: Promise<string>
}

/**
 * Starts a program of this folder on this Node. Its output goes to a file, `output`: a pipe that is full would refuse what the
 * program has to tell at once.
 */
export function runChild(file: string, output: string, ...args: readonly string[]): Child {
  const out = openSync(output, 'w')
  const child = spawn(process.execPath, [join(import.meta.dirname, file), ...args], {
    stdio: ['ignore', out, 'pipe'],
  })
  closeSync(out)
  let stderr = ''
  child.stderr?.on('data', (data: Buffer) => (stderr += String(data)))
  const gone = new Promise<string>((resolve) => child.once('close', () => resolve(stderr)))
  const lines = () => readFileSync(output, 'utf8').split('\n').slice(0, -1)
  return {
    process: child,
    lines,
    gone,
    async started() {
      while (lines().length === 0) {
        if (child.exitCode !== null) throw new Error(`${file} ended before it wrote anything: ${await gone}`)
        await sleep(5)
      }
    },
  }
}
