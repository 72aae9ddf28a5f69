import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  definePlugin,
  defineTool,
  type SessionPort,
  type SessionRuntime,
  type SessionStore,
} from '@halter/core'
import { createTestRuntime, type TestRuntimeOptions } from '@halter/core/testing'
import type { AssistantMessage } from '@halter/protocol'
import type { TranscriptLine } from '../../src/transcript/transcript-line.ts'
import { Transcripts, type TranscriptsOptions } from '../../src/transcript/transcripts.ts'

/** A runtime whose sessions tell of their ports, and transcripts of them in a folder of the test's own. */
export interface Played extends AsyncDisposable {
  readonly runtime: SessionRuntime
  readonly store: SessionStore
  readonly transcripts: Transcripts
  /** Where the folders of transcripts are made. */
  readonly parent: string
  /** Events that were read of the store for transcripts. */
  readonly read: { count: number; calls: number }
  /** By session id. */
  readonly ports: Map<string, SessionPort>
  portOf(session: { readonly id: string }): SessionPort
}

export type PlayOptions = TestRuntimeOptions & {
  readonly transcripts?: Partial<TranscriptsOptions>
  /** Called before a tool call is judged, with the reply that made it. */
  readonly onToolCall?: (port: SessionPort, reply: AssistantMessage) => Promise<void>
  /** Called where a turn would end. */
  readonly onStop?: (port: SessionPort) => Promise<void>
}

/** A tool that answers what it is told. */
export const echo = defineTool<{ readonly text: string }>({
  name: 'shell',
  description: 'Answers.',
  input: { type: 'object', properties: { text: { type: 'string' } } },
  effects: 'none',
  concurrency: 'parallel',
  execute: ({ text }) => {
    if (text === 'fail') throw new Error('it broke')
    return text
  },
})

export async function openPlayed({
  transcripts: more,
  onToolCall,
  onStop,
  ...options
}: PlayOptions = {}): Promise<Played> {
  const parent = realpathSync(mkdtempSync(join(tmpdir(), 'halter-test-transcripts-')))
  const ports = new Map<string, SessionPort>()
  const plugin = definePlugin({
    name: '@acme/ports',
    apiVersion: 1,
    setup({ hooks }) {
      hooks.tap('turn.start', (_turn, { session }) => void ports.set(session.blueprint.sessionId, session))
      if (onStop) hooks.tap('turn.guard', async (_stop, { session }) => onStop(session))
      let reply: AssistantMessage | undefined
      hooks.tap('response.guard', (message) => void (reply = message))
      if (onToolCall)
        hooks.tap('toolCall.transform', async (_call, { session }) => onToolCall(session, reply!))
      return {}
    },
  })
  const { runtime, store } = await createTestRuntime({
    ...options,
    plugins: [plugin, ...(options.plugins ?? [])],
  })
  const read = { count: 0, calls: 0 }
  const source: TranscriptsOptions['source'] = {
    ...(store.blobs && { blobs: store.blobs }),
    async *replay(id, range) {
      read.calls++
      for await (const event of store.replay(id, range)) {
        read.count++
        yield event
      }
    },
  }
  return {
    runtime,
    store,
    transcripts: new Transcripts({ source, parent, ...more }),
    parent,
    read,
    ports,
    portOf: ({ id }) => ports.get(id)!,
    [Symbol.asyncDispose]: async () => {
      await runtime.shutdown()
      rmSync(parent, { recursive: true, force: true })
    },
  }
}

/** The port as another plugin has it: what it keeps in the session is its own. */
export function otherPort(port: SessionPort, more: object = {}): SessionPort {
  return {
    blueprint: port.blueprint,
    state: port.state,
    resource: <T>(key: string, open: Parameters<typeof port.resource<T>>[1]) =>
      port.resource(`${key}-2`, open),
    ...more,
  } as unknown as SessionPort
}

/** The lines of a transcript; each is JSON, and the last one is whole. */
export function linesOf(path: string): TranscriptLine[] {
  const text = readFileSync(path, 'utf8')
  if (text !== '' && !text.endsWith('\n')) throw new Error('The last line is not whole.')
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as TranscriptLine)
}
