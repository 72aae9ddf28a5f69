import assert from 'node:assert/strict'
import type { ContextInput } from '@halter/core'
import type { ContextPlan, Message, SessionState, Transcript } from '@halter/protocol'
import * as fc from 'fast-check'
import type { Rule } from '../rule.ts'
import { checkTranscript } from '../transcript-rules.ts'
import { required, type ContextManagerHarness } from './harness.ts'
import { NEVER_ABORTED, sizeOf, textOfPlan, type PlayedSession } from './played-session.ts'
import { arbitraryMoves, KNOWN_MOVES, playMoves } from './random-play.ts'

/** What a context manager promises of every plan. */
export const planRules: readonly Rule<ContextManagerHarness>[] = [
  required('where there is room, a plan shows everything, in order', async (manager, play) => {
    const session = play()
    session.say('hello')
    session.reply('looking', [{ output: 'found' }, { output: '' }])
    session.say('by the way', 'hook')
    const plan = await session.step(manager)
    assert.deepEqual([...plan.messages], [...session.state.transcript])
    assert.equal(plan.compaction, undefined)
    assert.equal(plan.warning, undefined)
  }),
  required('a plan shows what was injected', async (manager, play) => {
    const session = play()
    session.say('hello')
    session.append({ type: 'context.injected', id: 'i', text: 'a note', scope: 'session', plugin: 'p' })
    const { segments } = await session.step(manager)
    assert.ok(segments.some(({ id, text }) => id === 'i' && text === 'a note'))
  }),
  required('the same state gives the same plan', async (manager, play) => {
    const session = play()
    for (let turn = 0; turn < 12; turn++)
      await playTurn(session, async () => void (await session.step(manager)))
    session.say('and now?')
    const first = await session.step(manager)
    const second = await session.step(manager)
    assert.deepEqual([...second.messages], [...first.messages])
    assert.deepEqual(second.segments, first.segments)
  }),
  required(
    'what one step showed is how the next begins, until a compaction is recorded',
    async (manager, play) => {
      const session = play()
      let before: { readonly messages: readonly Message[]; readonly compactions: number } | undefined
      const look = async (): Promise<void> => {
        const messages = [...(await session.step(manager)).messages]
        const compactions = session.compactions.length
        if (before?.compactions === compactions)
          assert.deepEqual(
            messages.slice(0, before.messages.length),
            before.messages,
            `step after ${before.messages.length} messages`,
          )
        before = { messages, compactions }
      }
      for (let turn = 0; turn < 40; turn++) await playTurn(session, look)
    },
  ),
  required('a step looks at what is new, not at the whole transcript', async (manager, play) => {
    const session = play({ info: { window: 10_000_000 } })
    for (let turn = 0; turn < 300; turn++) await playTurn(session, async () => {})
    const reads = new CountedReads(session.state)
    const look = async (): Promise<ContextPlan> =>
      await manager.plan(session.input({ state: reads.state }), NEVER_ABORTED)
    await look()
    session.reply('one more', [{ output: 'x' }])
    session.say('go on')
    reads.count = 0
    await look()
    assert.ok(
      reads.count <= 20,
      `a step with 3 new messages looked at ${reads.count} of ${session.state.transcript.length}`,
    )
  }),
  required(
    'every plan is one that every model API takes, and shows the newest prompt',
    async (manager, play) => {
      await fc.assert(
        fc.asyncProperty(arbitraryMoves(), async (moves) => {
          const session = play({ info: { window: 6000, maxOutput: 500 } })
          session.say('first')
          await playMoves(session, manager, moves, (plan) => {
            assert.deepEqual(checkTranscript(plan.messages), [])
            assert.ok([...plan.messages].some(({ id }) => id === session.newestPrompt))
          })
        }),
        { numRuns: 40, examples: [[KNOWN_MOVES]] },
      )
    },
  ),
  required('a plan that is forced is smaller, or says why not', async (manager, play) => {
    const session = play({ info: { window: 1_000_000 } })
    for (let turn = 0; turn < 12; turn++) await playTurn(session, async () => {})
    session.say('and now?')
    const before = sizeOf(await session.step(manager))
    const plan = await session.step(manager, { overflow: true })
    assert.ok(sizeOf(plan) < before || plan.warning !== undefined)
  }),
  required('a plan does not fail because a summary could not be had', async (manager, play) => {
    const session = play({
      summarise: () => {
        throw new Error('the model is down')
      },
    })
    await fill(session, (input) => manager.plan(input, NEVER_ABORTED))
    const plan = await session.step(manager)
    assert.ok(textOfPlan(plan).includes('newest prompt'))
  }),
  required('an aborted signal ends the planning at once', async (manager, play) => {
    const session = play({ change: hang })
    const controller = new AbortController()
    const reason = new Error('stop')
    await fill(session, () => {})
    setTimeout(() => controller.abort(reason), 20)
    const planning = Promise.resolve(manager.plan(session.input({ overflow: true }), controller.signal))
    await assertEnds(planning, reason)
  }),
]

/** A session that is far over its window, with a prompt at its end. */
export async function fill(session: PlayedSession, plan: (input: ContextInput) => unknown): Promise<void> {
  for (let turn = 0; turn < 30; turn++)
    await playTurn(session, async () => {
      if (turn === 0) await plan(session.input())
    })
  session.say('newest prompt')
}

/** A turn of two steps with a large output; about 900 tokens. */
export async function playTurn(session: PlayedSession, step: () => Promise<void>): Promise<void> {
  session.say(`prompt ${session.state.head} ${'please '.repeat(20)}`)
  await step()
  const output = `found ${session.state.head} ${'line '.repeat(500)}`
  session.reply('', [{ name: 'grep', input: { pattern: 'x' }, output }])
  await step()
  session.reply(`that was turn ${session.state.head} ${'well '.repeat(20)}`)
}

/** Fails unless `work` rejects with `reason` soon, or resolves: there was nothing to wait for. */
export async function assertEnds(work: Promise<unknown>, reason: Error): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('it was still waiting 500 ms after the abort')), 520)
  try {
    await Promise.race([work, late])
  } catch (error) {
    if (error !== reason) throw error
  } finally {
    clearTimeout(timer)
  }
}

/** Hooks and models that never answer. */
export function hang(input: ContextInput): ContextInput {
  const never = (): Promise<never> => new Promise(() => {})
  return { ...input, callModel: never, beforeCompaction: never }
}

/** A state that counts the messages which are read from it. */
class CountedReads {
  readonly state: SessionState
  count = 0

  constructor(state: SessionState) {
    const get = (target: SessionState, key: keyof SessionState): unknown =>
      key === 'transcript' ? this.#counted(target.transcript) : target[key]
    this.state = new Proxy(state, { get: get as ProxyHandler<SessionState>['get'] & {} })
  }

  #counted(messages: Transcript): Transcript {
    const count = (read: readonly unknown[]): void => void (this.count += read.length)
    return {
      length: messages.length,
      at: (index) => {
        this.count += 1
        return messages.at(index)
      },
      slice: (start, end) => {
        const read = messages.slice(start, end)
        count(read)
        return read
      },
      [Symbol.iterator]: () => {
        count(messages.slice())
        return messages[Symbol.iterator]()
      },
    }
  }
}
