import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger, ResourcePlugin, SessionPort } from '@halter/core'
import type {
  CommandHandler,
  HandlerBase,
  HandlerContext,
  HandlerResult,
  HookPayload,
} from '../../src/hook-handler.ts'
import { runHandler } from '../../src/handlers/run-handler.ts'

/** Folders for a session whose handlers are run one by one: as the plugin does it, with nothing else of a session around. */
export interface Sandbox {
  readonly root: string
  /** What background runs came to, in order. */
  readonly settled: HandlerResult[]
  /** Everything that was logged. */
  readonly logged: string[]
  /** Writes a file below the folder, executable, and returns its absolute path. */
  script(path: string, content: string): string
  context(more?: Partial<HandlerContext>): HandlerContext
  /** Runs a command handler. */
  run(command: string, more?: Partial<CommandHandler>, ctx?: Partial<HandlerContext>): Promise<HandlerResult>
  /** What the end of the session does. */
  endSession(): Promise<void>
  remove(): Promise<void>
}

/** Every test starts processes with a number of its own in their arguments, by which it finds them. */
export function uniqueSleep(): string {
  return `3${String(Math.random()).slice(2, 9)}`
}

export function openSandbox(): Sandbox {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'halter-handlers-')))
  const root = join(base, 'project')
  mkdirSync(root)
  const settled: HandlerResult[] = []
  const logged: string[] = []
  const resources = new Map<string, unknown>()
  const cleanups: (() => void | Promise<void>)[] = []
  const session = {
    resource: <T>(key: string, open: (defer: (cleanup: () => void | Promise<void>) => void) => T): T => {
      if (!resources.has(key))
        resources.set(
          key,
          open((cleanup) => cleanups.push(cleanup)),
        )
      return resources.get(key) as T
    },
  } as unknown as SessionPort
  const context = (more: Partial<HandlerContext> = {}): HandlerContext => ({
    session,
    signal: new AbortController().signal,
    services: { clock: realClock, logger: loggerInto(logged) },
    cwd: root,
    projectDir: root,
    turnId: 'turn-1',
    passEnv: [],
    env: process.env,
    network: { allowLoopback: false, allowPrivate: false, allowedHosts: [] },
    settled: (result) => settled.push(result),
    ...more,
  })
  const endSession = async (): Promise<void> => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
    resources.clear()
  }
  return {
    root,
    settled,
    logged,
    script: (path, content) => {
      const file = join(root, path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, content)
      chmodSync(file, 0o755)
      return file
    },
    context,
    run: (command, more = {}, ctx = {}) => {
      const handler = commandHandler(command, more)
      return runHandler(handler, payloadOf(root, { hook_event_name: handler.event }), context(ctx))
    },
    endSession,
    remove: async () => {
      await endSession()
      rmSync(base, { recursive: true, force: true })
    },
  }
}

const realClock: HandlerContext['services']['clock'] = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
  timer: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

function loggerInto(logged: string[]): Logger {
  const log = (message: string, fields?: object): void =>
    void logged.push(`${message} ${JSON.stringify(fields ?? {})}`)
  const logger: Logger = { debug: log, info: log, warn: log, error: log, child: () => logger }
  return logger
}

/** What every handler of a test has. */
export function handlerBase(more: Partial<HandlerBase> = {}): HandlerBase {
  return {
    id: 'test:PreToolUse:0:0:0',
    event: 'PreToolUse',
    timeoutMs: 20_000,
    isAsync: false,
    asyncRewake: false,
    once: false,
    source: { file: '/acme/settings.json', layer: 'project' },
    dialect: 'claude',
    ...more,
  }
}

export function commandHandler(command: string, more: Partial<CommandHandler> = {}): CommandHandler {
  return { ...handlerBase(), type: 'command', command, shell: 'bash', env: {}, ...more }
}

export function payloadOf(cwd: string, more: Partial<HookPayload> = {}): HookPayload {
  return {
    hook_event_name: 'PreToolUse',
    session_id: 'session-1',
    transcript_path: join(cwd, 'transcript.jsonl'),
    cwd,
    tool_name: 'Bash',
    tool_input: { command: 'git commit -m "ü€𝄞"' },
    ...more,
  }
}

export function bundle(root: string, more: Partial<ResourcePlugin> = {}): ResourcePlugin {
  return {
    id: 'acme-1',
    name: 'acme',
    root,
    dataDir: join(root, '.data'),
    layout: 'claude',
    allowedEnvVars: [],
    allowedHttpHosts: [],
    ...more,
  }
}

/** Pids of processes whose command line holds the text and that do anything any more. */
export function running(text: string): number[] {
  if (process.platform !== 'linux') {
    const { stdout } = spawnSync('pgrep', ['-f', text], { encoding: 'utf8' })
    return stdout.split('\n').filter(Boolean).map(Number)
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const isZombie = /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
        return !isZombie && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text)
      } catch {
        return false
      }
    })
    .map(Number)
}

/** Waits until a condition holds. @throws when it does not within 10 s. */
export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 10_000
  while (!condition()) {
    if (performance.now() > end) throw new Error('It did not come to be within 10 s.')
    await delay(10)
  }
}
