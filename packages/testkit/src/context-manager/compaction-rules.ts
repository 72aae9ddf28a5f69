import assert from 'node:assert/strict'
import type { ContextPlan } from '@halter/protocol'
import * as fc from 'fast-check'
import type { Rule } from '../rule.ts'
import { checkTranscript } from '../transcript-rules.ts'
import { required, type ContextManagerHarness } from './harness.ts'
import { NEVER_ABORTED, textOfPlan } from './played-session.ts'
import { assertEnds, fill, hang, playTurn } from './plan-rules.ts'
import { arbitraryMoves, KNOWN_MOVES, playMoves } from './random-play.ts'

/** What a context manager promises of compactions. */
export const compactionRules: readonly Rule<ContextManagerHarness>[] = [
  required('with nothing to compact, nothing is compacted, and nobody is asked', async (manager, play) => {
    const session = play()
    assert.equal(await session.compact(manager), undefined)
    session.say('hello')
    assert.equal(await session.compact(manager), undefined)
    assert.deepEqual([session.requests.length, session.hookCalls], [0, 0])
  }),
  required(
    'a compaction names stored events, ascending and apart, and makes the context smaller',
    async (manager, play) => {
      const session = play()
      for (let turn = 0; turn < 8; turn++) await playTurn(session, async () => {})
      session.say('newest prompt')
      const result = await session.compact(manager)
      assert.ok(result, 'eight turns are something to compact')
      const { droppedSeqs, tokensBefore, tokensAfter } = result.outcome
      let last = 0
      for (const { from, to } of droppedSeqs) {
        assert.ok(
          from > last && to >= from && to <= session.state.head,
          `range ${from} to ${to} after ${last}`,
        )
        last = to
      }
      assert.ok(tokensAfter < tokensBefore, `${tokensBefore} tokens became ${tokensAfter}`)
    },
  ),
  required(
    'no compaction drops the newest prompt, or parts a call from its result',
    async (manager, play) => {
      await fc.assert(
        fc.asyncProperty(arbitraryMoves(), async (moves) => {
          const session = play({ info: { window: 6000, maxOutput: 500 } })
          session.say('first')
          await playMoves(session, manager, moves, () => assertWhole())
          await session.compact(manager)
          assertWhole()

          function assertWhole(): void {
            const messages = session.state.transcript.slice()
            assert.deepEqual(checkTranscript(messages), [])
            assert.ok(messages.some(({ id }) => id === session.newestPrompt))
          }
        }),
        { numRuns: 40, examples: [[KNOWN_MOVES]] },
      )
    },
  ),
  required(
    'what the plugins oblige to is kept, whatever the model writes, however often',
    async (manager, play) => {
      const text = 'The house must not be painted blue.'
      const session = play({ obligations: () => [{ kind: 'rule', text }] })
      for (let round = 0; round < 3; round++) {
        for (let turn = 0; turn < 8; turn++) await playTurn(session, async () => {})
        session.say('newest prompt')
        assert.ok(await session.compact(manager))
        assert.ok(textOfPlan(await session.step(manager)).includes(text), `round ${round}: it is gone`)
      }
    },
  ),
  required('a message that an obligation names stays as it is', async (manager, play) => {
    const pinned: string[] = []
    const session = play({
      obligations: () => pinned.map((messageId) => ({ kind: 'pin', text: 'a pin', messageId })),
    })
    await playTurn(session, async () => {})
    pinned.push(session.say('the pinned words'))
    session.reply('noted')
    for (let turn = 0; turn < 8; turn++) await playTurn(session, async () => {})
    session.say('newest prompt')
    assert.ok(await session.compact(manager))
    const { messages } = await session.step(manager)
    const kept = [...messages].find(({ id }) => id === pinned[0])
    assert.deepEqual(kept?.parts, [{ kind: 'text', text: 'the pinned words' }])
  }),
  required('a hook that keeps the long context is obeyed', async (manager, play) => {
    const session = play({ change: (input) => ({ ...input, beforeCompaction: async () => undefined }) })
    await fill(session, () => {})
    assert.equal(await session.compact(manager), undefined)
    assert.equal((await session.step(manager)).compaction, undefined)
    assert.deepEqual([session.requests.length, session.compactions.length], [0, 0])
  }),
  required("a hook's summary is used, and no model is asked", async (manager, play) => {
    const summary = 'All of it was about tulips.'
    const session = play({ change: (input) => ({ ...input, beforeCompaction: async () => ({ summary }) }) })
    for (let turn = 0; turn < 8; turn++) await playTurn(session, async () => {})
    session.say('newest prompt')
    assert.ok(await session.compact(manager))
    assert.ok(textOfPlan(await session.step(manager)).includes(summary))
    assert.equal(session.requests.length, 0)
  }),
  required('an aborted signal ends a compaction at once', async (manager, play) => {
    const session = play({ change: hang })
    await fill(session, () => {})
    const controller = new AbortController()
    const reason = new Error('stop')
    setTimeout(() => controller.abort(reason), 20)
    const request = { trigger: 'manual' } as const
    await assertEnds(manager.compactNow(request, session.input(), controller.signal), reason)
    await assertEnds(manager.compactNow(request, session.input(), AbortSignal.abort(reason)), reason)
  }),
  required('a size that never goes down is compacted twice in vain at most', async (manager, play) => {
    const session = play({ report: () => 7500 })
    session.say('hello')
    session.reply('hi', [{ output: 'x'.repeat(2000) }])
    let shown: ContextPlan | undefined
    for (let turn = 0; turn < 60; turn++)
      await playTurn(session, async () => void (shown = await session.step(manager)))
    assert.ok(shown)
    assert.ok(session.compactions.length <= 2, `it was compacted ${session.compactions.length} times`)
  }),
  required('a summary longer than what it stands for is not used', async (manager, play) => {
    const long = 'word '.repeat(40_000)
    const session = play({ summarise: () => long })
    for (let turn = 0; turn < 8; turn++) await playTurn(session, async () => {})
    session.say('newest prompt')
    await session.compact(manager).catch(() => {})
    assert.ok(!textOfPlan(await manager.plan(session.input(), NEVER_ABORTED)).includes(long))
  }),
]
