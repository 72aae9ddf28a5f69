import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { SessionFold, type Checkpoint, type SeqRange, type StoredEvent } from '../src/index.ts'
import { arbitraryLog } from './support/arbitrary-log.ts'
import { snapshot } from './support/snapshot.ts'

test('a checkpoint and the tail lead to the state that the whole log leads to', async () => {
  let taken = 0
  await fc.assert(
    fc.asyncProperty(arbitraryLog(), fc.double({ min: 0, max: 1, noNaN: true }), async (log, share) => {
      const at = Math.floor(log.length * share)
      const checkpoint = foldOf(log.slice(0, at)).checkpoint()
      if (!checkpoint) return
      taken += 1
      const stored = JSON.parse(JSON.stringify(checkpoint)) as Checkpoint
      const restored = (await SessionFold.restore(stored, from(log)))!
      expect(snapshot(restored)).toEqual(snapshot(foldOf(log.slice(0, at))))
      for (const event of log.slice(at)) restored.apply(event)
      expect(snapshot(restored)).toEqual(snapshot(foldOf(log)))
    }),
  )
  expect(taken).toBeGreaterThan(20)
})

test('a checkpoint whose messages are not where it says is not used', async () => {
  const [log] = fc.sample(arbitraryLog(), { numRuns: 1, seed: 7 }) as [readonly StoredEvent[]]
  const checkpoint = foldOf(log).checkpoint()!
  expect(await SessionFold.restore({ ...checkpoint, messageCount: 1e6 }, from(log))).toBeUndefined()
  expect(await SessionFold.restore({ ...checkpoint, v: 99 }, from(log))).toBeUndefined()
})

function foldOf(events: readonly StoredEvent[]): SessionFold {
  const state = new SessionFold()
  for (const event of events) state.apply(event)
  return state
}

function from(log: readonly StoredEvent[]): (range: SeqRange) => AsyncIterable<StoredEvent> {
  return async function* read(range) {
    yield* log.slice(range.from - 1, range.to)
  }
}
