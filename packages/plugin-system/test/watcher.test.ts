import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createClock } from '../src/clock.ts'
import { createLogger } from '../src/logger.ts'
import { createWatcher } from '../src/watcher.ts'

const clock = createClock()
const logged: string[] = []
const logger = createLogger({
  level: 'error',
  format: 'text',
  now: clock.now,
  write: (line) => logged.push(line),
})
let folder: string
let watcher: ReturnType<typeof createWatcher>

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'halter-watcher-')))
  watcher = createWatcher({ clock, logger, gatherMs: 20 })
})
afterEach(() => {
  watcher.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('watcher', () => {
  test('a changed file calls back, once per burst', async () => {
    const file = write('a.txt', 'one')
    const onChange = watch(file)
    for (let index = 0; index < 10; index++) write('a.txt', `${index}`)
    await vi.waitFor(() => expect(onChange).toHaveBeenCalled())
    await clock.sleep(80)
    expect(onChange.mock.calls.length).toBeLessThanOrEqual(2)
  })

  test('a file that is replaced, as editors do, is followed: again and again', async () => {
    const file = write('a.txt', 'one')
    const onChange = watch(file)
    for (let round = 1; round <= 3; round++) {
      renameSync(write('a.txt.tmp', `${round}`), file)
      await vi.waitFor(() => expect(onChange.mock.calls.length).toBeGreaterThanOrEqual(round))
      await clock.sleep(50)
      onChange.mockClear()
      for (let index = 0; index < round; index++) onChange()
    }
    onChange.mockClear()
    writeFileSync(file, 'in place')
    await vi.waitFor(() => expect(onChange).toHaveBeenCalled())
  })

  test('neighbours of a file do not call back', async () => {
    const file = write('a.txt', 'one')
    const onChange = watch(file)
    write('b.txt', 'two')
    await clock.sleep(100)
    expect(onChange).not.toHaveBeenCalled()
  })

  test('a folder calls back for what happens anywhere below it, also below folders that come later', async () => {
    mkdirSync(join(folder, 'top/deep'), { recursive: true })
    const onChange = watch(join(folder, 'top'))
    write('top/deep/a.txt', 'one')
    await vi.waitFor(() => expect(onChange).toHaveBeenCalled())
    await clock.sleep(60)
    onChange.mockClear()
    mkdirSync(join(folder, 'top/later'))
    await vi.waitFor(() => expect(onChange).toHaveBeenCalled())
    await clock.sleep(60)
    onChange.mockClear()
    write('top/later/b.txt', 'two')
    await vi.waitFor(() => expect(onChange).toHaveBeenCalled())
  })

  test('a folder that is taken away and put back is still watched', async () => {
    mkdirSync(join(folder, 'top'))
    const onChange = watch(join(folder, 'top'))
    rmSync(join(folder, 'top'), { recursive: true })
    await vi.waitFor(() => expect(onChange).toHaveBeenCalled())
    await clock.sleep(60)
    mkdirSync(join(folder, 'top'))
    await clock.sleep(80)
    onChange.mockClear()
    write('top/a.txt', 'one')
    await vi.waitFor(() => expect(onChange).toHaveBeenCalled())
  })

  test('what does not exist yet is waited for, missing folders above it included', async () => {
    const onChange = watch(join(folder, 'later/deep/a.txt'))
    mkdirSync(join(folder, 'later/deep'), { recursive: true })
    await clock.sleep(80)
    onChange.mockClear()
    write('later/deep/a.txt', 'here')
    await vi.waitFor(() => expect(onChange).toHaveBeenCalled())
  })

  test('after stopping, and after closing, nobody is called, not even for what had already happened', async () => {
    const file = write('a.txt', 'one')
    const onChange = vi.fn<() => void>()
    const stop = watcher.watch(file, onChange)
    const other = watch(file)
    writeFileSync(file, 'two')
    await clock.sleep(5)
    stop()
    stop()
    watcher.close()
    writeFileSync(file, 'three')
    await clock.sleep(100)
    expect(onChange).not.toHaveBeenCalled()
    expect(other).not.toHaveBeenCalled()
  })

  test('a listener that throws is logged, and called again next time', async () => {
    const file = write('a.txt', 'one')
    let calls = 0
    watcher.watch(file, () => {
      calls += 1
      throw new Error('boom')
    })
    writeFileSync(file, 'two')
    await vi.waitFor(() => expect(calls).toBe(1))
    expect(logged.join('')).toContain('boom')
    await clock.sleep(30)
    writeFileSync(file, 'three')
    await vi.waitFor(() => expect(calls).toBeGreaterThan(1))
  })
})

function write(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

function watch(path: string) {
  const onChange = vi.fn<() => void>()
  watcher.watch(path, onChange)
  return onChange
}
