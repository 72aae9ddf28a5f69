import { AsyncLocalStorage, createHook } from 'node:async_hooks'
import { readdirSync, readlinkSync } from 'node:fs'
import process from 'node:process'

/** What can be left behind. */
export type LeftoverKind = 'timer' | 'handle' | 'listener' | 'file'

/** Something that was begun and has not ended. */
export interface Leftover {
  readonly kind: LeftoverKind
  /** What it is, and where it was made when that is known. */
  readonly what: string
}

/** Resources that Node ends when they are closed: timers, and whatever talks to the world outside. */
const KINDS: Readonly<Record<string, LeftoverKind>> = {
  Timeout: 'timer',
  TCPWRAP: 'handle',
  TCPSERVERWRAP: 'handle',
  TLSWRAP: 'handle',
  PIPEWRAP: 'handle',
  PIPESERVERWRAP: 'handle',
  UDPWRAP: 'handle',
  PROCESSWRAP: 'handle',
  WORKER: 'handle',
  MESSAGEPORT: 'handle',
  HTTP2SESSION: 'handle',
  FSEVENTWRAP: 'handle',
  STATWATCHER: 'handle',
  SIGNALWRAP: 'handle',
}

/** The kernel has one timer for all deadlines. It stays for as long as the last of them would have; nobody's, and unref'd. */
const KERNEL = /[\\/]core[\\/](?:src|dist)[\\/]kernel[\\/]/

/** How long something that is being closed may take. Milliseconds. */
const PATIENCE_MS = 500

/** True where open files can be counted: Linux and macOS tell. */
export const seesFiles = openFiles() !== undefined

/**
 * Runs `work`, and tells what it began and has not ended. Timers and handles are counted where `work` itself, or what it
 * called, made them; listeners of the process and open files are compared with what was there before. With `kind`, only those.
 */
export async function leftoversOf(
  work: () => Promise<void>,
  kind?: LeftoverKind,
): Promise<readonly Leftover[]> {
  const live = new Map<number, Leftover>()
  const storage = new AsyncLocalStorage<true>()
  const hook = createHook({
    init(id, type) {
      const made = KINDS[type]
      if (!made || !storage.getStore()) return
      const place = placeOf(new Error().stack)
      if (!KERNEL.test(place)) live.set(id, { kind: made, what: `${type}, made ${place}` })
    },
    destroy: (id) => void live.delete(id),
  })
  const before = { listeners: listeners(), files: openFiles() }
  const look = (): readonly Leftover[] => [
    ...live.values(),
    ...moreThan(before.listeners, listeners()).map((what) => ({ kind: 'listener', what }) as const),
    ...moreThan(before.files ?? [], openFiles() ?? []).map((what) => ({ kind: 'file', what }) as const),
  ]
  hook.enable()
  try {
    await storage.run(true, work)
    return await settled(() => look().filter((left) => kind === undefined || left.kind === kind))
  } finally {
    hook.disable()
  }
}

/** What is left once nothing goes away any more. */
async function settled(look: () => readonly Leftover[]): Promise<readonly Leftover[]> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    const left = look()
    if (left.length === 0 || performance.now() > deadline) return left
  }
}

/** Each listener of the process, by its event. */
function listeners(): string[] {
  return process
    .eventNames()
    .flatMap((name) =>
      Array.from({ length: process.listenerCount(name) }, () => `a listener for "${String(name)}"`),
    )
}

/** What each open file leads to; undefined where the system does not tell. Sockets and pipes are handles. */
function openFiles(): string[] | undefined {
  const folder = process.platform === 'linux' ? '/proc/self/fd' : '/dev/fd'
  try {
    const names = readdirSync(folder)
    if (process.platform !== 'linux') return names
    return names.map((name) => linkOf(`${folder}/${name}`)).filter((path) => path.startsWith('/'))
  } catch {
    return undefined
  }
}

/** Empty for the descriptor of the folder that is being read: it is closed by now. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

/** The entries of `after` that are not in `before`, as often as there are more of them. */
function moreThan(before: readonly string[], after: readonly string[]): string[] {
  const rest = [...before]
  return after.filter((entry) => {
    const index = rest.indexOf(entry)
    if (index !== -1) rest.splice(index, 1)
    return index === -1
  })
}

/** The first line of a stack that is neither Node's nor ours. */
function placeOf(stack = ''): string {
  const lines = stack.split('\n').slice(1)
  const line = lines.find((each) => !/node:|AsyncHook|plugin-unload\/census/.test(each))
  return line?.trim() ?? 'somewhere'
}
