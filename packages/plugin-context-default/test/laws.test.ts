import { checkTranscript, arbitraryMoves, playMoves, sizeOf } from '@halter/testkit'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DefaultContextManager } from '../src/context-manager.ts'
import { known, play } from './played.ts'

/** Of the 10,000 that a release is tried with: TEST_CUTS=10000. */
const CUTS = Number(process.env['TEST_CUTS'] ?? 1000)

describe('promise 12: compaction never splits a pair and always terminates', () => {
  test(`law: after any of ${CUTS} cuts, chained, every model API takes what is left, and it is all accounted for`, async () => {
    let cuts = 0
    await fc.assert(
      fc.asyncProperty(arbitraryMoves(60), async (moves) => {
        if (cuts >= CUTS) return
        const session = play({ info: { window: 6000, maxOutput: 500 } })
        const manager = new DefaultContextManager()
        session.say('the first prompt')
        let seen = 0
        const check = (): void => {
          const fresh = session.compactions.slice(seen)
          if (fresh.length === 0) return
          seen = session.compactions.length
          cuts += fresh.length
          const messages = session.state.transcript.slice()
          expect(checkTranscript(messages)).toEqual([])
          expect(messages.some(({ id }) => id === session.newestPrompt)).toBe(true)
          expect(known(session).goal?.text ?? 'the first prompt').toBe('the first prompt')
          const isThere = messages.some(({ id }) => id === known(session).goal?.id)
          const summaries = session.compactions.filter(({ droppedSeqs }) => droppedSeqs.length > 0)
          if (!isThere && summaries.length > 0)
            expect(JSON.stringify(messages)).toContain('[goal] the first prompt')
        }
        await playMoves(session, manager, moves, (plan) => {
          check()
          expect(checkTranscript(plan.messages)).toEqual([])
        })
        await session.compact(manager)
        check()
      }),
      { numRuns: CUTS * 5 },
    )
    expect(cuts).toBeGreaterThanOrEqual(CUTS)
  }, 120_000)

  test('law: whatever the model writes and the provider reports, two compactions in vain are the most', async () => {
    const summary = fc.constantFrom('', 'Short.', 'word '.repeat(3000))
    const step = fc.integer({ min: 0, max: 200 })
    await fc.assert(
      fc.asyncProperty(summary, fc.array(step, { minLength: 30, maxLength: 80 }), async (written, sizes) => {
        const session = play({ summarise: () => written, report: () => 7800 })
        const manager = new DefaultContextManager()
        session.say('the task')
        session.reply('', [{ output: 'line '.repeat(600) }])
        for (const size of sizes) {
          await session.step(manager)
          session.reply('so '.repeat(size), [{ output: 'ok' }])
        }
        expect(session.compactions.length).toBeLessThanOrEqual(2)
        expect(session.requests.length).toBeLessThanOrEqual(2)
      }),
      { numRuns: 60 },
    )
  })

  test('law: what is shown fits the model, whatever was said, as long as one step does', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryMoves(80), async (moves) => {
        const session = play({ info: { window: 40_000, maxOutput: 4000 } })
        session.say('the first prompt')
        await playMoves(session, new DefaultContextManager(), moves, (plan) => {
          expect(sizeOf(plan)).toBeLessThan(36_000)
        })
      }),
      { numRuns: 60 },
    )
  })
})
