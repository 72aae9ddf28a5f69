import { sizeOf } from '@halter/testkit'
import { describe, expect, test } from 'vitest'
import { Calibration } from '../src/calibration.ts'
import { DefaultContextManager } from '../src/context-manager.ts'
import { play, words } from './played.ts'

describe('a provider that counts in its own way', () => {
  test.each([0.5, 1, 2, 3])('is followed: %d times the estimate', async (times) => {
    const session = play({ report: (tokens) => tokens * times, info: { window: 20_000 } })
    const manager = new DefaultContextManager()
    let before = 0
    for (let turn = 0; session.compactions.length === 0; turn++) {
      session.say(`question ${turn} ${words(150)}`)
      before = sizeOf({ messages: session.state.transcript, segments: [] }) * times
      await session.step(manager)
      session.reply(words(150, 'answer'))
    }
    const [{ tokensBefore, tokensAfter }] = session.compactions as [(typeof session.compactions)[0]]
    expect(Math.abs(tokensBefore / before - 1)).toBeLessThan(0.1)
    const after = sizeOf({ messages: session.state.transcript, segments: [] }) * times
    expect(Math.abs(tokensAfter - after)).toBeLessThan(tokensBefore / 10)
  })

  test('a long transcript is not counted, and a short one once from one compaction to the next', () => {
    const calibration = new Calibration()
    const session = play({ report: (tokens) => tokens * 3 })
    const learn = (tokensOf = session.input().tokensOf) =>
      calibration.learn({ ...session.input(), tokensOf }, session.state.transcript, 1000)
    session.say('hello')
    learn()
    expect(calibration.factor(5000, 100)).toBe(1) // nothing was reported
    for (let turn = 0; turn < 25; turn++) {
      session.reply('well')
      session.say('so')
    }
    const refuse = (): never => {
      throw new Error('this must not be counted')
    }
    learn(refuse)
    const short = play()
    short.say(words(500))
    short.reply('well')
    calibration.learn(short.input(), short.state.transcript, 1000)
    expect(calibration.factor(2500, 1000)).toBeCloseTo(2, 1)
    calibration.learn({ ...short.input(), tokensOf: refuse }, short.state.transcript, 1000)
  })

  test('without a report nothing is known', () => {
    expect(new Calibration().factor(5000, 100)).toBe(1)
  })
})
