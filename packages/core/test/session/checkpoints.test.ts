import { definePlugin, HalterError, type CommitResult, type Plugin } from '@halter/core'
import { fold, type Checkpoint } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { snapshot } from '../../../protocol/test/support/snapshot.ts'
import type { Runtime } from '../../src/session/runtime.ts'
import { CheckpointStore } from './support/checkpoint-store.ts'
import { openRuntime, startRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'
import { summariser } from './support/summariser.ts'
import { tool } from './support/tools.ts'

/** Counts its notes. */
function counting(version = 1): Plugin {
  return definePlugin({
    name: 'counting',
    apiVersion: 1,
    contributes: ['tools'],
    sessionState: {
      version,
      initial: 0,
      reduce: (count) => (count as number) + version,
    },
    setup: () => ({ tools: [tool('look', (_, { session }) => session.note('looked', null))] }),
  })
}

const plugins = (version = 1): readonly Plugin[] => [summariser(40), counting(version)]
const script = (request: { readonly messages: { readonly length: number }; readonly purpose: string }) =>
  request.purpose === 'compaction' || request.messages.length % 4 > 1
    ? { text: 'done' }
    : { toolCalls: [{ name: 'look' }, { name: 'look' }] }

/** A session with more than `events` events in its log, many of them compacted away. */
async function grown(events: number, store = new CheckpointStore()) {
  const { runtime } = await openRuntime({ store, script, plugins: plugins(), limits: { steps: 5 } })
  const session = await runtime.newSession({ title: 'long', metadata: { a: 'b' } })
  while (session.state.head < events) {
    await session.submitTurn(`turn ${session.state.turns}`).result
    if (session.state.turns % 50 === 0) await session.notify('note', 'x')
  }
  return { store, runtime, session, id: session.id }
}

/** The state that a resume leads to, before anything is added, and how many events it read for it. */
async function resumed(store: CheckpointStore, id: string, version = 1) {
  const { runtime } = await openRuntime({ store, script, plugins: plugins(version) })
  store.read = 0
  const session = (await runtime.resume(id))!
  const { read } = store
  const log = await logOf(runtime, id)
  const { reducers } = (runtime as Runtime).kernel.current
  return { runtime, session, read, whole: fold(log, reducers), log }
}

const planted: [string, (checkpoint: Checkpoint) => Checkpoint][] = [
  ['of another version', (checkpoint) => ({ ...checkpoint, v: 99 })],
  [
    'that counted other messages',
    (checkpoint) => ({ ...checkpoint, messageCount: checkpoint.messageCount + 1 }),
  ],
  [
    'whose messages are elsewhere',
    (checkpoint) => ({ ...checkpoint, messages: [{ from: 1, to: 3 }, ...checkpoint.messages] }),
  ],
  ['from beyond the end of the log', (checkpoint) => ({ ...checkpoint, seq: checkpoint.seq + 100_000 })],
]

describe('a session of more than 3,000 events', async () => {
  const { store, runtime, session, id } = await grown(3_100)
  const checkpoint = store.checkpoints.get(id)!
  const { head } = session.state
  await runtime.shutdown()

  test('has written a checkpoint about every thousand, and compactions in between', async () => {
    expect(store.written).toBe(3)
    expect(checkpoint.seq).toBeGreaterThan(2_900)
    expect(session.state.compactions).toBeGreaterThan(20)
    expect(session.state.plugins.get('counting')!.value).toBeGreaterThan(500)
  })

  test('has checkpoints that hold no message, and do not grow with it', async () => {
    const text = JSON.stringify(checkpoint)
    expect(text).not.toContain('done')
    expect(text.length).toBeLessThan(4_000)
  })

  test('resumes from its checkpoint to what the whole log folds to, reading only the tail', async () => {
    const again = await resumed(store, id)
    expect(again.log).toHaveLength(head + 1)
    expect(snapshot(again.session.state)).toEqual(snapshot(again.whole))
    expect(again.read).toBeLessThan(head - checkpoint.seq + 100)
    expect(again.session.state.transcript.length).toBeGreaterThan(0)
    expect(await again.session.submitTurn('go on').result).toMatchObject({ status: 'completed' })
    await again.runtime.shutdown()
  })

  test.each(planted)('is folded from the start when its checkpoint is one %s', async (_what, plant) => {
    const other = await copyOf(store, plant(checkpoint))
    const again = await resumed(other, id)
    expect(snapshot(again.session.state)).toEqual(snapshot(again.whole))
    expect(again.read).toBeGreaterThanOrEqual(head)
    // The next commit writes one that can be used.
    await again.session.notify('note', 'x')
    await again.runtime.shutdown()
    const third = await resumed(other, id)
    expect(third.read).toBeLessThan(200)
    await third.runtime.shutdown()
  })

  test('is folded from the start when a plugin counts in another way than it did', async () => {
    const again = await resumed(await copyOf(store, checkpoint), id, 2)
    expect(snapshot(again.session.state)).toEqual(snapshot(again.whole))
    const before = session.state.plugins.get('counting')!.value as number
    expect(again.session.state.plugins.get('counting')).toEqual({ version: 2, value: before * 2 })
    await again.runtime.shutdown()
  })

  /** The same sessions, with another checkpoint, and nothing shared that later commits change. */
  async function copyOf(origin: CheckpointStore, planted: Checkpoint): Promise<CheckpointStore> {
    const copy = new CheckpointStore()
    const { summary } = (await origin.load(id))!
    const events = await Array.fromAsync(origin.replay(id, { limit: head }))
    await copy.create({ sessionId: id, commitId: 'copy', events, summary })
    copy.checkpoints.set(id, planted)
    return copy
  }
})

describe('a checkpoint', () => {
  test('that could not be stored is written with a later commit', async () => {
    class Moody extends CheckpointStore {
      override commit(...args: Parameters<CheckpointStore['commit']>): Promise<CommitResult> {
        if (args[1].checkpoint && this.written === 0 && !this.hasFailed) {
          this.hasFailed = true
          return Promise.reject(new HalterError('ERR_STORE_FULL', 'the disk is full'))
        }
        return super.commit(...args)
      }
      hasFailed = false
    }
    const store = new Moody()
    const { runtime } = await grown(1_100, store)
    expect([store.hasFailed, store.written]).toEqual([true, 1])
    await runtime.shutdown()
  })

  test('is not written to a store that keeps none', async () => {
    const { runtime } = await startRuntime({ script: [] })
    const session = await runtime.newSession()
    await Promise.all(Array.from({ length: 1_100 }, (_, n) => session.notify('n', String(n))))
    expect(session.state.head).toBe(1_101)
  })
})

test('a checkpoint of garbage is told of, and the log read from the start', async () => {
  const { store, runtime, id } = await grown(1_100)
  await runtime.shutdown({ drainMs: 0 })
  const good = store.checkpoints.get(id)!
  const state = good.state as Record<string, unknown>
  const garbage: readonly unknown[] = [
    { ...good, state: null },
    { ...good, state: 'garbage' },
    { ...good, state: {} },
    { ...good, messages: 7 },
    { ...good, messages: [null] },
    ...Object.keys(state)
      .filter((key) => !['turn', 'lastTurn', 'title', 'anchor'].includes(key))
      .map((key) => ({ ...good, state: { ...state, [key]: key === 'turns' ? 'x' : 7.5 } }))
      .filter(
        ({ state: changed }) =>
          !['updatedAt', 'createdAt', 'compactions'].some((key) => changed[key as never] === 7.5),
      ),
  ]
  expect(garbage.length).toBeGreaterThan(12)
  for (const checkpoint of garbage) {
    store.checkpoints.set(id, checkpoint as Checkpoint)
    const warnings: unknown[] = []
    const logger = {
      debug() {},
      info() {},
      error() {},
      warn: (message: string) => void warnings.push(message),
      child: () => logger,
    }
    const logging = definePlugin({
      name: 'logging',
      apiVersion: 1,
      provides: ['logger'],
      setup: () => ({ logger }),
    })
    const again = await openRuntime({ store, script, plugins: [...plugins(), logging] })
    const session = (await again.runtime.resume(id))!
    const log = await logOf(again.runtime, id)
    expect(snapshot(session.state)).toEqual(
      snapshot(fold(log, (again.runtime as Runtime).kernel.current.reducers)),
    )
    expect(warnings).toMatchObject([expect.stringContaining('so its whole log is read')])
    await again.runtime.shutdown({ drainMs: 0 })
  }
})
