import {
  HalterError,
  type CommitBatch,
  type CommitResult,
  type ModelRequest,
  type SessionHandle,
} from '@halter/core'
import { TestStore, type TestReply } from '@halter/core/testing'
import { foldSummary, type SessionSummary, type StoredEvent } from '@halter/protocol'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { openRuntime, withRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'
import { noneSpawned, spawning } from './support/spawning.ts'
import { tool } from './support/tools.ts'

type Fate = 'ok' | 'busy' | 'lost before' | 'lost after' | 'failed after'

/** A store whose next commits fare as planned: done, refused, or cut off before or after they were done. */
class UnsteadyStore extends TestStore {
  readonly #fates: Fate[]

  constructor(fates: readonly Fate[] = []) {
    super()
    this.#fates = [...fates]
  }

  /** Planned after the store has its first session. */
  plan(fates: readonly Fate[]): void {
    this.#fates.push(...fates)
  }

  recover(): void {
    this.#fates.length = 0
  }

  override async commit(id: string, batch: CommitBatch): Promise<CommitResult> {
    const fate = this.#fates.shift() ?? 'ok'
    if (fate === 'busy') throw new HalterError('ERR_STORE_BUSY', 'busy')
    if (fate === 'lost before') throw new Error('connection reset')
    const result = await super.commit(id, batch)
    if (fate === 'lost after') throw new Error('connection reset')
    if (fate === 'failed after') throw new HalterError('ERR_STORE_FAILED', 'gone', { retryable: true })
    return result
  }
}

function reply({ sessionId, messages }: ModelRequest): TestReply {
  if (sessionId !== 'main') return { text: 'child' }
  if (messages.at(-1)!.role !== 'user') return { text: 'done' }
  return { text: 'a', toolCalls: ['working', 'spawn', 'working', 'nobody'].map((name) => ({ name })) }
}

test('a commit of which two acknowledgements are lost is stored once, and the session goes on', async () => {
  for (const fates of [
    ['lost after', 'lost after'],
    ['failed after', 'failed after', 'lost before'],
    ['lost after', 'lost before', 'busy', 'lost after'],
    ['lost before', 'lost before', 'lost before'],
  ] satisfies Fate[][]) {
    const store = new UnsteadyStore()
    await withRuntime({ script: () => ({ text: 'done' }), store }, async ({ runtime }) => {
      const session = await runtime.newSession()
      store.plan(fates)
      await session.notify('note', 'once')
      const raised = (await logOf(runtime, session.id)).filter(({ type }) => type === 'notification.raised')
      expect(raised).toHaveLength(1)
      expect(await session.submitTurn('go').result).toMatchObject({ status: 'completed' })
    })
  }
})

test('however a store falters, no log is broken, no turn hangs, and the session goes on when it is back', async () => {
  const fates = fc.array(fc.constantFrom<Fate>('ok', 'ok', 'ok', 'busy', 'lost before', 'lost after'), {
    maxLength: 40,
  })
  await fc.assert(
    fc.asyncProperty(fates, async (planned) => {
      const store = new UnsteadyStore(planned)
      await withRuntime({ script: reply, store }, async ({ runtime }) => {
        const working = tool('working', async (_, ctx) => {
          await ctx.session.note('worked', 1)
          return 'worked'
        })
        const tools = [working, spawning(noneSpawned())]
        const session = await runtime.newSession({ sessionId: 'main', tools })
        for (let turn = 0; turn < 3; turn++) {
          const { result } = session.submitTurn('go')
          session.steer('by the way')
          expect((await result).status).toMatch(/completed|failed/)
        }
        store.recover()
        const last = await session.submitTurn('and now?').result
        if (last.error?.code !== 'ERR_COMMIT_CONFLICT') return expect(last.status).toBe('completed')
        // Every answer to one commit was lost, six times: the log has moved on, and has to be read again.
        await session.detach()
        const again = (await runtime.resume('main', { tools }))!
        expect(await again.submitTurn('and now?').result).toMatchObject({ status: 'completed' })
      })
    }),
    { numRuns: 60 },
  )
})

test('a turn that a dead process left anywhere can be continued over a store that falters, and no log is broken', async () => {
  const log = await logOfTurn()
  const fates = fc.array(fc.constantFrom<Fate>('ok', 'ok', 'busy', 'lost before', 'lost after'), {
    maxLength: 12,
  })
  await fc.assert(
    fc.asyncProperty(fates, fc.integer({ min: 2, max: log.length }), async (planned, end) => {
      const store = new UnsteadyStore()
      const { sessionId } = log[0]!
      const events = log.slice(0, end)
      const summary = events.reduce<SessionSummary | undefined>(foldSummary, undefined)!
      await store.create({ sessionId, commitId: 'as-it-was', events, summary })
      store.plan(planned)
      await withRuntime({ script: reply, store }, async ({ runtime }) => {
        const again = (): Promise<SessionHandle | undefined> =>
          runtime.resume(sessionId, { tools: twoTools, interrupted: 'continue' }).catch(() => undefined)
        const session = await again()
        await session?.submitTurn('and then?').result
        store.recover()
        await session?.detach()
        const last = await (await again())!.submitTurn('and now?').result
        expect(last.status).toBe('completed')
      })
    }),
    { numRuns: 150 },
  )
})

const twoTools = [
  tool('working', () => 'worked'),
  tool('spawn', () => 'not here', { effects: 'unsafe', concurrency: 'exclusive' }),
]

/** A whole turn with calls that may run twice and one that may not. */
async function logOfTurn(): Promise<readonly StoredEvent[]> {
  const { runtime } = await openRuntime({ script: reply })
  const session = await runtime.newSession({ sessionId: 'main', tools: twoTools })
  await session.submitTurn('go').result
  const log = await logOf(runtime, 'main')
  await runtime.shutdown()
  return log
}
