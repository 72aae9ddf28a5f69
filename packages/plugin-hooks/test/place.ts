import { appendFile, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import {
  defineTool,
  EMPTY_RESOURCES,
  jsonSchema,
  type DeclaredResource,
  type ResourcePlugin,
  type ResourceSnapshot,
  type SessionHandle,
  type SessionInit,
  type Tool,
} from '@halter/core'
import { createTestRuntime, type TestRuntime, type TestRuntimeOptions } from '@halter/core/testing'
import type { HookRun, Json, StoredEvent, StoredEventType } from '@halter/protocol'
import hooksPlugin from '../src/index.ts'
import type { HooksOptions } from '../src/options.ts'

/** A folder that is gone after the test. */
export async function tempFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'hooks-')))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Writes a file and the folders above it. */
export async function put(path: string, content: string | object): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

/** A plugin folder with Claude's layout. */
export function bundle(root: string, layout: ResourcePlugin['layout'] = 'claude'): ResourcePlugin {
  return {
    id: 'guards',
    name: 'guards',
    root,
    dataDir: join(root, '.data'),
    layout,
    allowedEnvVars: [],
    allowedHttpHosts: [],
  }
}

/** Resources with hook files alone. */
export function snapshot(...hooks: readonly DeclaredResource[]): ResourceSnapshot {
  return { ...EMPTY_RESOURCES, revision: String(Math.random()), hooks }
}

/** A hook file of a Claude-layout bundle. */
export function claudeHooks(hooks: Json, root = '/nowhere'): DeclaredResource {
  return {
    name: 'hooks/hooks.json',
    source: join(root, 'hooks/hooks.json'),
    plugin: bundle(root),
    value: { hooks },
  }
}

/** A tool that remembers what it was called with. */
export function recorder(
  name: string,
  answer: (input: Json) => unknown = () => 'ran',
): Tool & { readonly inputs: Json[] } {
  const inputs: Json[] = []
  const tool = defineTool({
    name,
    description: name,
    input: jsonSchema<{ readonly [key: string]: Json }>({ type: 'object' }),
    effects: 'unsafe',
    concurrency: 'parallel',
    execute: (input) => {
      inputs.push(input)
      return answer(input) as string
    },
  })
  return Object.assign({}, tool, { inputs })
}

/** A runtime with the plugin in it, and one session. */
export interface Place extends TestRuntime {
  readonly session: SessionHandle
  events(): Promise<readonly StoredEvent[]>
  eventsOf<T extends StoredEventType>(type: T): Promise<readonly StoredEvent<T>[]>
  runs(): Promise<readonly HookRun[]>
}

/** What a place is made from. */
export interface PlaceOptions extends Omit<TestRuntimeOptions, 'plugins'> {
  readonly hooks?: Partial<HooksOptions>
  readonly resources?: ResourceSnapshot
  readonly plugins?: TestRuntimeOptions['plugins']
  readonly init?: SessionInit
}

/** Starts one; it is shut down after the test. */
export async function openPlace({
  hooks = {},
  resources,
  plugins = [],
  init = {},
  ...options
}: PlaceOptions = {}): Promise<Place> {
  const test = await createTestRuntime({ ...options, plugins: [[hooksPlugin, hooks], ...plugins] })
  onTestFinished(() => test.runtime.shutdown({ drainMs: 0 }).then(() => undefined))
  if (resources) test.runtime.replaceResources(resources)
  const session = await test.runtime.newSession({ workingDir: await tempFolder(), ...init })
  const events = async (): Promise<readonly StoredEvent[]> => Array.fromAsync(session.replay())
  const eventsOf = async <T extends StoredEventType>(type: T): Promise<readonly StoredEvent<T>[]> =>
    (await events()).filter((event) => event.type === type) as unknown as readonly StoredEvent<T>[]
  return {
    ...test,
    session,
    events,
    eventsOf,
    runs: async () => (await eventsOf('hook.ran')).map(({ run }) => run),
  }
}

/** A call of the shell tool, and a word afterwards. */
export function shellScript(command: string): readonly {
  readonly text?: string
  readonly toolCalls?: readonly { readonly name: string; readonly input: Json }[]
}[] {
  return [{ toolCalls: [{ name: 'shell', input: { command } }] }, { text: 'Done.' }, { text: 'Done.' }]
}

/** What a tool's call came to, as the model reads it. */
export async function resultText(place: Place): Promise<string> {
  const finished = await place.eventsOf('toolCall.finished')
  return finished
    .flatMap(({ parts }) => parts.map((part) => (part.kind === 'text' ? part.text : `[${part.kind}]`)))
    .join('\n')
}

/** A file that commands append their stdin to, one JSON object per line. */
export class Payloads {
  readonly file: string

  constructor(folder: string) {
    this.file = join(folder, 'payloads.jsonl')
  }

  /** A command that keeps its payload, and then does something. */
  command(then = ''): string {
    return `(cat; echo) | sed '/^$/d' >> '${this.file}'; ${then}`
  }

  async all(): Promise<readonly Record<string, Json>[]> {
    const text = await readFile(this.file, 'utf8').catch(() => '')
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, Json>)
  }

  /** Those of one event. */
  async of(event: string): Promise<readonly Record<string, Json>[]> {
    return (await this.all()).filter(({ hook_event_name: name }) => name === event)
  }

  async note(text: string): Promise<void> {
    await appendFile(this.file, text)
  }
}
