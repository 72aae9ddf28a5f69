import { beforeEach, describe, expect, test } from 'vitest'
import { Pacing } from '../src/pacing.ts'

const go = (useless: number) => ({ kind: 'go', useless })
const unexplained = () => false

describe('W-17: compactions that do not help', () => {
  let pacing: Pacing
  let length: number
  let compactions: number
  const step = (isUnder: boolean) => pacing.observe({ compactions, length: (length += 2), isUnder })
  const compact = () => {
    compactions += 1
    length = 3
    pacing.observe({ compactions, length, isUnder: true })
  }

  beforeEach(() => {
    pacing = new Pacing({ coolDownSteps: 3, maxUselessCompactions: 2 })
    length = 0
    compactions = 0
    step(true)
  })

  test('the first may run, and the next once the context was down in between', () => {
    step(false)
    expect(pacing.decide(0, unexplained)).toEqual(go(0))
    compact()
    step(true)
    step(false)
    expect(pacing.decide(0, unexplained)).toEqual(go(0))
  })

  test('what a compaction is said to have led to does not count', () => {
    step(false)
    compact()
    step(false)
    expect(pacing.decide(0, unexplained)).toEqual({ kind: 'wait' })
  })

  test('one that did not help is followed by another some steps later, and that by none', () => {
    step(false)
    compact()
    step(false)
    expect(pacing.decide(0, unexplained)).toEqual({ kind: 'wait' })
    step(false)
    expect(pacing.decide(0, () => true)).toEqual({ kind: 'wait' }) // what comes later explains nothing
    step(false)
    expect(pacing.decide(0, unexplained)).toEqual(go(1))
    compact()
    step(false)
    expect(pacing.decide(1, unexplained)).toEqual({ kind: 'stop' })
    for (let count = 0; count < 20; count++) step(false)
    expect(pacing.decide(1, () => true)).toEqual({ kind: 'stop' })
  })

  test('when the context has come down in another way, all is forgotten', () => {
    step(false)
    compact()
    step(false)
    expect(pacing.decide(1, unexplained)).toEqual({ kind: 'stop' })
    step(true)
    step(false)
    expect(pacing.decide(1, unexplained)).toEqual(go(0))
  })

  test('a context that has grown by as much may be compacted at once', () => {
    step(false)
    compact()
    step(false)
    expect(pacing.decide(0, () => true)).toEqual(go(0))
  })

  test('in the same step, a second may follow the first', () => {
    step(false)
    compact()
    pacing.observe({ compactions, length, isUnder: false })
    expect(pacing.decide(0, unexplained)).toEqual(go(1))
  })

  test('after a failure nothing is tried for some steps', () => {
    step(false)
    pacing.postpone()
    step(false)
    step(false)
    expect(pacing.decide(0, unexplained)).toEqual({ kind: 'wait' })
    step(false)
    expect(pacing.decide(0, unexplained)).toEqual(go(0))
  })

  test('a warning is given once, and again when it was over in between', () => {
    expect([pacing.mayWarn('a'), pacing.mayWarn('a'), pacing.mayWarn('b')]).toEqual([true, false, true])
    step(true)
    expect(pacing.mayWarn('b')).toBe(true)
  })
})
