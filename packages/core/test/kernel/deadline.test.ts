import { createHook } from 'node:async_hooks'
import { spawnSync } from 'node:child_process'
import { stat } from 'node:fs/promises'
import * as fc from 'fast-check'
import { describe, expect, test, onTestFinished, vi } from 'vitest'
import { Deadlines } from '../../src/kernel/deadline.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const activeTimers = (): number =>
  process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length

describe('a deadline', () => {
  test('passes on what came in time', async () => {
    const deadlines = new Deadlines()
    expect(await deadlines.settle(1, 50)).toEqual({ status: 'fulfilled', value: 1 })
    expect(
      await deadlines.settle(
        sleep(1).then(() => 2),
        50,
      ),
    ).toEqual({ status: 'fulfilled', value: 2 })
    const reason = new Error('boom')
    expect(await deadlines.settle(Promise.reject(reason), 50)).toEqual({ status: 'rejected', reason })
  })

  test('ends the wait for what does not come, not before its time', async () => {
    const deadlines = new Deadlines()
    const startedAt = performance.now()
    expect(await deadlines.settle(new Promise(() => {}), 20)).toEqual({ status: 'expired' })
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(19.9)
  })

  test('of a shorter wait ends first, whichever was asked for first', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(2, 8, 14, 20), { minLength: 1, maxLength: 12 }),
        async (waits) => {
          const deadlines = new Deadlines()
          const ended: number[] = []
          // All are asked for at one moment: a pause between two would rightly put the later one behind.
          const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now())
          const settled = waits.map(async (ms) => {
            await deadlines.settle(new Promise(() => {}), ms)
            ended.push(ms)
          })
          clock.mockRestore()
          await Promise.all(settled)
          expect(ended).toEqual(waits.toSorted((a, b) => a - b))
        },
      ),
      { numRuns: 30 },
    )
  })

  test('called off leaves the others as they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }), async (answers) => {
        const deadlines = new Deadlines()
        const settled = await Promise.all(
          answers.map((isAnswered) => deadlines.settle(isAnswered ? sleep(1) : new Promise(() => {}), 8)),
        )
        expect(settled.map(({ status }) => status)).toEqual(
          answers.map((isAnswered) => (isAnswered ? 'fulfilled' : 'expired')),
        )
      }),
      { numRuns: 30 },
    )
  })

  test('does not end a wait only because somebody blocked the thread while the answer came in', async () => {
    const deadlines = new Deadlines()
    const answer = deadlines.settle(stat(import.meta.filename), 30)
    const until = performance.now() + 120
    while (performance.now() < until);
    expect((await answer).status).toBe('fulfilled')
  })

  test('of more than a timer can hold does not fire at once', async () => {
    const deadlines = new Deadlines()
    expect(await deadlines.settle(sleep(5), 2 ** 40)).toMatchObject({ status: 'fulfilled' })
    expect(await deadlines.settle(sleep(5), Infinity)).toMatchObject({ status: 'fulfilled' })
  })

  test('keeps no timer alive when nothing waits', async () => {
    const before = activeTimers()
    const deadlines = new Deadlines()
    let resolve: () => void = () => {}
    const waiting = deadlines.settle(new Promise<void>((done) => (resolve = done)), 60_000)
    expect(activeTimers()).toBe(before + 1)
    resolve()
    await waiting
    expect(activeTimers()).toBe(before)
    const again = deadlines.settle(new Promise<void>((done) => (resolve = done)), 60_000)
    expect(activeTimers()).toBe(before + 1)
    resolve()
    await again
    expect(activeTimers()).toBe(before)
  })
})

test('a process that only waits for a hung tap lives until the deadline, and hears of it', () => {
  const program = `
    import { Deadlines } from ${JSON.stringify(import.meta.resolve('../../src/kernel/deadline.ts'))}
    const settled = await new Deadlines().settle(new Promise(() => {}), 100)
    console.log(settled.status)`
  const child = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' })
  expect([child.stdout, child.status]).toEqual(['expired\n', 0])
})

test('deadlines that are closed keep no timer, neither one that is left nor one that comes later', async () => {
  const timers = new Set<number>()
  const hook = createHook({
    init: (id, type) => void (type === 'Timeout' && timers.add(id)),
    destroy: (id) => void timers.delete(id),
  }).enable()
  onTestFinished(() => void hook.disable())
  const deadlines = new Deadlines()
  await deadlines.settle(Promise.resolve(1), 60_000)
  expect(timers.size).toBe(1)
  deadlines.close()
  await new Promise((resolve) => setImmediate(resolve))
  expect(timers.size).toBe(0)
  const stop = deadlines.start(60_000, () => {})
  expect(timers.size).toBe(1)
  stop()
  await new Promise((resolve) => setImmediate(resolve))
  expect(timers.size).toBe(0)
  expect(await deadlines.settle(new Promise(() => {}), 5)).toEqual({ status: 'expired' })
})
