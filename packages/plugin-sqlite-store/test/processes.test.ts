import { openSync, readFileSync, writeSync, closeSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { sampleSession } from '@halter/testkit'
import { runChild } from './children/run-child.ts'
import { openStore, replayAll, scratchPath } from './open-store.ts'

test('of several processes that write to one session, one wins at each head and the others are told', async () => {
  const path = scratchPath()
  const store = await openStore(path)
  const { sessionId } = sampleSession()
  await store.create(sampleSession({ sessionId }))
  const names = ['a', 'b', 'c']
  const children = names.map((name) =>
    runChild('compete.ts', `${path}.${name}`, path, sessionId, '100', name),
  )
  expect(await Promise.all(children.map(({ gone }) => gone))).toEqual(['', '', ''])
  const lines = children.flatMap((child) => child.lines())
  const won = lines.filter((line) => line.startsWith('won')).map((line) => Number(line.split(' ')[1]))
  expect(won.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, index) => 1 + index * 2))
  for (const line of lines.filter((each) => !each.startsWith('won'))) {
    const [, code, expected, actual] = line.split(' ')
    expect(code).toBe('ERR_COMMIT_CONFLICT')
    expect(Number(actual)).toBeGreaterThan(Number(expected))
  }
  const texts = (await replayAll(store, sessionId, 1)).map((event) =>
    event.type === 'message.appended'
      ? event.message.parts.map((part) => part.kind === 'text' && part.text).join('')
      : '',
  )
  expect(texts).toHaveLength(600)
  for (const [index, text] of texts.entries())
    expect(text).toBe(index % 2 === 0 ? `${text[0]} 1/2` : `${texts[index - 1]?.[0]} 2/2`)
}, 30_000)

describe('after a process died with the file open', () => {
  test('the next one has it checked in the background, once', async () => {
    const path = await crashed()
    expect(writers(path)).not.toEqual([process.pid])
    const warn = vi.fn<(message: string) => void>()
    const store = await openStore(path, { onWarning: warn })
    await vi.waitFor(() => expect(writers(path)).toEqual([process.pid]), { timeout: 5000 })
    expect(warn).not.toHaveBeenCalled()
    await store.close()
    expect(writers(path)).toEqual([])
  })

  test('damage that the check finds is told, and does not stop the others', async () => {
    const path = await crashed()
    const page = pageWith(path, 'one-of-a-kind')
    const file = openSync(path, 'r+')
    writeSync(file, Buffer.alloc(64, 0xff), 0, 64, page * 2048)
    closeSync(file)
    const warn = vi.fn<(message: string) => void>()
    const store = await openStore(path, { onWarning: warn })
    await vi.waitFor(() => expect(warn).toHaveBeenCalled(), { timeout: 5000 })
    expect(warn.mock.calls[0]?.[0]).toContain(`${path} was not closed properly and is damaged`)
    await expect(replayAll(store, 'odd')).rejects.toMatchObject({
      code: 'ERR_SESSION_DAMAGED',
      data: { sessionId: 'odd' },
    })
    expect(await replayAll(store, 'even')).toHaveLength(1)
    await store.close()
  })

  test('a process that is alive is no reason for a check', async () => {
    const path = scratchPath()
    const one = await openStore(path)
    await one.create(sampleSession())
    const warn = vi.fn<(message: string) => void>()
    await openStore(path, { onWarning: warn })
    await sleep(100)
    expect(writers(path)).toEqual([process.pid])
    expect(warn).not.toHaveBeenCalled()
  })
})

/** A file whose last writer was killed. It holds a session "odd" with a text that is nowhere else. */
async function crashed(): Promise<string> {
  const path = scratchPath()
  const store = await openStore(path)
  await store.create(sampleSession({ sessionId: 'even' }))
  const filler = Array.from({ length: 50 }, () => 'filler '.repeat(50))
  await store.create(
    sampleSession({ sessionId: 'odd', texts: [...filler, `one-of-a-kind ${'.'.repeat(900)}`, ...filler] }),
  )
  await store.close()
  const child = runChild('commit-forever.ts', `${path}.out`, path, 'process', '1')
  await child.started()
  child.process.kill('SIGKILL')
  await child.gone
  const db = new DatabaseSync(path)
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
  return path
}

/** The processes that have not closed the file. */
function writers(path: string): number[] {
  const db = new DatabaseSync(path, { readOnly: true })
  const rows = db.prepare('SELECT pid FROM writers').all()
  db.close()
  return rows.map(({ pid }) => Number(pid))
}

function pageWith(path: string, text: string): number {
  return Math.floor(readFileSync(path).indexOf(text) / 2048)
}
