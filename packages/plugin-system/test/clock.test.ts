import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { createClock } from '../src/clock.ts'

const clock = createClock()

describe('clock', () => {
  test('now is the time of day, monotonic only grows', async () => {
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1000)
    const before = clock.monotonic()
    await clock.sleep(5)
    expect(clock.monotonic()).toBeGreaterThan(before)
  })

  test('sleep takes as long as it was told', async () => {
    const before = clock.monotonic()
    await clock.sleep(30)
    expect(clock.monotonic() - before).toBeGreaterThanOrEqual(29)
  })

  test('an aborted sleep rejects at once with the reason of the signal', async () => {
    const controller = new AbortController()
    const sleeping = clock.sleep(60_000, controller.signal)
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(sleeping).rejects.toBe(reason)
    await expect(clock.sleep(60_000, controller.signal)).rejects.toBe(reason)
  })

  test('a sleep that is over leaves nothing on its signal', async () => {
    const { signal } = new AbortController()
    await clock.sleep(1, signal)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  test('a timer runs once, and not at all when it was cancelled', async () => {
    let runs = 0
    clock.timer(5, () => (runs += 1))
    clock.timer(5, () => (runs += 100))()
    await clock.sleep(40)
    expect(runs).toBe(1)
  })

  test('a timer of a month does not fire at once, as a bare Node timer would', async () => {
    let hasRun = false
    const cancel = clock.timer(31 * 24 * 3600 * 1000, () => (hasRun = true))
    await clock.sleep(20)
    cancel()
    expect(hasRun).toBe(false)
  })
})
