import type { ToolVerdict } from '@halter/core'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { dispatchContext, INPUTS, startKernel, tapping } from './fixtures.ts'

/** One guard: what it says, and in how many milliseconds; undefined: at once, without a promise. */
const guard = fc.record({
  says: fc.constantFrom('deny', 'ask', 'allow', 'nothing', 'throws', 'hangs', 'nonsense'),
  delayMs: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
  order: fc.constantFrom(undefined, 'pre' as const, 'post' as const),
})
type Guard = typeof guard extends fc.Arbitrary<infer G> ? G : never

const STRICTNESS = ['nothing', 'allow', 'ask', 'deny']

test('the strictest verdict counts, whatever the order and speed of the guards; one that fails denies', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(guard, { maxLength: 5 }), async (guards) => {
      const kernel = await startKernel(
        guards.map(({ says, delayMs, order }, n) =>
          tapping(`g${n}`, ({ hooks }) =>
            hooks.tap('toolCall.guard', answer(says, delayMs), { timeoutMs: 40, ...(order && { order }) }),
          ),
        ),
      )
      const decision = await kernel.current.hooks.guard(
        'toolCall.guard',
        INPUTS['toolCall.guard'],
        dispatchContext(),
      )
      const strictest = Math.max(0, ...guards.map(({ says }) => strictness(says)))
      expect(decision?.kind ?? 'nothing').toBe(STRICTNESS[strictest])
    }),
    { numRuns: 150 },
  )
})

function strictness(says: Guard['says']): number {
  const rank = STRICTNESS.indexOf(says)
  return rank === -1 ? STRICTNESS.indexOf('deny') : rank
}

function answer(says: Guard['says'], delayMs: number | undefined): () => ToolVerdict | Promise<ToolVerdict> {
  const verdict = (): ToolVerdict => {
    if (says === 'throws') throw new Error('boom')
    if (says === 'nonsense') return true as never
    return says === 'nothing' || says === 'hangs' ? undefined : ({ [says]: says } as unknown as ToolVerdict)
  }
  if (says === 'hangs') return () => new Promise(() => {})
  if (delayMs === undefined) return verdict
  return () => new Promise<void>((resolve) => setTimeout(resolve, delayMs)).then(verdict)
}
