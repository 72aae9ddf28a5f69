import { definePlugin, type Plugin, type SessionHandle } from '@halter/core'
import type { TestRuntimeOptions } from '@halter/core/testing'
import type { StoredEvent } from '@halter/protocol'
import { settle } from './gates.ts'
import { openRuntime } from './runtime.ts'
import { noneSpawned, spawning } from './spawning.ts'
import { echo } from './tools.ts'

/** A context manager that compacts all but the newest prompt, when the hooks let it. */
const compacting: Plugin = definePlugin({
  name: 'compacting',
  apiVersion: 1,
  provides: ['contextManager'],
  setup: () => ({
    contextManager: {
      plan: ({ state, estimatedTokens }) => ({
        messages: state.transcript,
        segments: state.injected,
        estimatedTokens,
      }),
      async compactNow({ trigger }, input) {
        const asked = await input.beforeCompaction(trigger)
        if (!asked) return undefined
        const summary = asked.summary ?? `summed up${asked.instructions ? ` ${asked.instructions}` : ''}`
        const last = input.state.seqs.at(-1)!
        return {
          outcome: {
            trigger,
            droppedSeqs: [{ from: 1, to: last }],
            summary,
            tokensBefore: 100,
            tokensAfter: 10,
          },
        }
      },
    },
  }),
})

/** `echo`, which needs approval. */
const asking = { ...echo, needsApproval: () => ({ reason: 'it echoes' }) }

/** What came of a run in which every hook of the lifecycle had its moment. */
export interface Run {
  readonly created: boolean
  readonly createError: unknown
  readonly status: string | undefined
  readonly errorCode: string | undefined
  readonly text: string | undefined
  /** Outcome of each call by tool name. */
  readonly outcomes: Readonly<Record<string, string>>
  readonly children: number
  readonly compacted: string | undefined
  readonly warnings: readonly string[]
  readonly types: readonly string[]
  readonly log: readonly StoredEvent[]
}

/** Creates a session, runs a turn with a tool and a child, compacts, and shuts down, with `plugin` plugged in. */
export async function runEveryHook(plugin: Plugin, options: TestRuntimeOptions = {}): Promise<Run> {
  const { runtime, store } = await openRuntime({
    ...options,
    plugins: [compacting, plugin],
    script: ({ sessionId, messages }) => {
      if (sessionId !== 'main') return { text: 'child done' }
      if (messages.at(-1)!.role === 'user' && messages.length < 3)
        return {
          toolCalls: [
            { name: 'echo', id: 'e', input: { a: 1 } },
            { name: 'spawn', id: 's' },
          ],
        }
      return { text: 'done' }
    },
  })
  let session: SessionHandle | undefined
  let createError: unknown
  try {
    session = await runtime.newSession({
      sessionId: 'main',
      tools: [asking, spawning(noneSpawned())],
      approve: () => 'once',
    })
  } catch (error) {
    createError = error
  }
  const result = await session?.submitTurn('go').result
  await session?.notify('info', 'over soon')
  const compaction = await session?.compact({ instructions: 'briefly' })
  await settle()
  await session?.shutdown('over')
  await settle()
  const log = await Array.fromAsync(store.replay('main'))
  await runtime.shutdown({ drainMs: 0 })
  return {
    created: session !== undefined,
    createError,
    status: result?.status,
    errorCode: result?.error?.code,
    text: result?.text,
    outcomes: Object.fromEntries(
      log.flatMap((event) =>
        event.type === 'toolCall.finished' ? [[event.callId === 'e' ? 'echo' : 'spawn', event.outcome]] : [],
      ),
    ),
    children: log.filter(({ type }) => type === 'subagent.spawned').length,
    compacted: compaction?.outcome.summary,
    warnings: log.flatMap((event) =>
      event.type === 'warning.raised' ? [`${event.code} ${event.plugin ?? ''}`] : [],
    ),
    types: log.map(({ type }) => type),
    log,
  }
}
