import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createEditTool, createReadTool, createWriteTool, PathLocks } from '@halter/plugin-tools'
import { openSandbox } from '../sandbox.ts'
import type { Sandbox } from '../sandbox.ts'

let box: Sandbox
beforeEach(() => {
  box = openSandbox()
})
afterEach(() => box.remove())

const never = new AbortController().signal

describe('row 159: changes of one file', () => {
  it('come one after the other, so that no edit of many at once is lost or refused', async () => {
    const words = Array.from({ length: 40 }, (_, index) => `word-${index};`)
    const path = box.file('a.txt', words.join('\n'))
    symlinkSync('a.txt', join(box.root, 'alias.txt'))
    const edit = createEditTool()
    const answers = await Promise.all(
      words.map((word, index) =>
        box.call(edit, {
          file_path: index % 2 === 0 ? 'a.txt' : 'alias.txt',
          old_string: word,
          new_string: word.toUpperCase(),
        }),
      ),
    )
    expect(answers.filter(({ isError }) => isError)).toEqual([])
    expect(readFileSync(path, 'utf8')).toBe(words.join('\n').toUpperCase())
  })

  it('leave readers what was there or what is there, whole', async () => {
    box.file('a.txt', 'a'.repeat(30_000))
    const locks = new PathLocks()
    const [write, read] = [createWriteTool({}, locks), createReadTool()]
    const writes = ['b', 'c', 'd'].map((letter) =>
      box.call(write, { file_path: 'a.txt', content: letter.repeat(30_000) }),
    )
    const reads = await Promise.all(Array.from({ length: 20 }, () => box.call(read, { file_path: 'a.txt' })))
    await Promise.all(writes)
    for (const { text } of reads) expect(text).toMatch(/^ +1\t(a+|b+|c+|d+)( |\n|…|\[|$)/)
    // Calls of the same moment take the lock in any order.
    expect(readFileSync(join(box.root, 'a.txt'), 'utf8')).toMatch(/^(?:b{30000}|c{30000}|d{30000})$/)
    expect(locks.size).toBe(0)
  })
})

describe('a lock', () => {
  it('is one for all names of a file, also of one that is yet to be made', async () => {
    box.file('sub/a.txt', '')
    symlinkSync('sub', join(box.root, 'link'))
    const locks = new PathLocks()
    const order: string[] = []
    const names = ['sub/a.txt', 'link/a.txt', 'sub/../sub/a.txt', 'sub/new/b.txt', 'link/new/b.txt']
    await Promise.all(
      names.map((name) =>
        locks.hold(join(box.root, name), never, async () => {
          order.push(`+${name.at(-5)}`)
          await delay(5)
          order.push(`-${name.at(-5)}`)
        }),
      ),
    )
    for (const letter of ['a', 'b']) {
      const own = order.filter((each) => each.endsWith(letter))
      expect(own).toEqual(own.map((_, index) => `${index % 2 === 0 ? '+' : '-'}${letter}`))
    }
    expect(locks.size).toBe(0)
  })

  it('is not waited for by a call that is cancelled, and then lets nobody in early', async () => {
    const locks = new PathLocks()
    const path = join(box.root, 'a')
    const events: string[] = []
    const first = locks.hold(path, never, async () => {
      await delay(60)
      events.push('first')
    })
    await delay(10)
    const control = new AbortController()
    const second = locks.hold(path, control.signal, async () => void events.push('second'))
    const third = locks.hold(path, never, async () => void events.push('third'))
    await delay(10)
    control.abort(new Error('enough'))
    await expect(second).rejects.toThrow('enough')
    expect(events).toEqual([])
    await Promise.all([first, third])
    expect(events).toEqual(['first', 'third'])
  })

  it('is let go of by work that fails', async () => {
    const locks = new PathLocks()
    await expect(locks.hold('/a', never, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await locks.hold('/a', never, async () => 'yes')).toBe('yes')
  })
})
