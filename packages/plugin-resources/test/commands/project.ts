import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  definePlugin,
  type Plugin,
  type PluginEntry,
  type SessionHandle,
  type SessionInit,
  type Taps,
} from '@halter/core'
import { createTestRuntime, type TestRuntime, type TestRuntimeOptions } from '@halter/core/testing'
import tools from '@halter/plugin-tools'
import type { StoredEvent, StoredEventType } from '@halter/protocol'
import resources, { type ResourcesOptions } from '../../src/index.ts'

/** A folder with files, and sessions that work there with real tools. */
export interface Project extends TestRuntime {
  readonly folder: string
  readonly session: SessionHandle
  /** What the model was shown as the user's newest message, its text parts. */
  prompt(): readonly string[]
  events<T extends StoredEventType>(type: T): Promise<readonly StoredEvent<T>[]>
  open(init?: SessionInit): Promise<SessionHandle>
  close(): Promise<void>
}

/** How a project is opened. */
export interface ProjectOptions extends Omit<TestRuntimeOptions, 'plugins'> {
  readonly plugins?: readonly PluginEntry[]
  /** Of the plugin under test; paths in `roots` are from the folder. */
  readonly resources?: ResourcesOptions
  readonly init?: SessionInit
}

/** Opens a trusted project; nothing of the user's own is in it. */
export async function openProject(
  files: Readonly<Record<string, string>>,
  { plugins = [], resources: options = {}, init = {}, ...rest }: ProjectOptions = {},
): Promise<Project> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'halter-commands-')))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  const roots = (options.roots ?? []).map((root) => join(folder, root))
  const test = await createTestRuntime({
    script: () => ({ text: 'done' }),
    ...rest,
    plugins: [[resources, { user: false, ...options, roots }], tools, trusting, ...plugins],
  })
  const open = (more: SessionInit = {}): Promise<SessionHandle> =>
    test.runtime.newSession({ workingDir: folder, ...init, ...more })
  const session = await open()
  return {
    ...test,
    folder,
    session,
    open,
    prompt: () => {
      const messages = Array.from(test.provider.requests.at(-1)?.messages ?? [])
      const message = messages.findLast(({ role }) => role === 'user')
      return (message?.parts ?? []).flatMap((part) => (part.kind === 'text' ? [part.text] : []))
    },
    events: async <T extends StoredEventType>(type: T) => {
      const all = await Array.fromAsync(session.replay())
      return all.filter((event) => event.type === type) as readonly StoredEvent[] as readonly StoredEvent<T>[]
    },
    close: async () => {
      await test.runtime.shutdown()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A plugin that does nothing but tap. */
export function tapping(name: string, tap: (hooks: Taps<object>) => void): Plugin {
  return definePlugin({
    name,
    apiVersion: 1,
    setup({ hooks }) {
      tap(hooks)
      return {}
    },
  })
}

const trusting = definePlugin({
  name: 'trusting',
  apiVersion: 1,
  provides: ['trust'],
  setup: () => ({ trust: { isTrusted: () => Promise.resolve(true) } }),
})
