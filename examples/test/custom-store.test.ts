import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sampleBatch, sampleSession, testSessionStore, type OpenStore } from '@halter/testkit'
import { afterAll, expect, test } from 'vitest'
import { JournalStore } from '../custom-store.ts'

const folder = await mkdtemp(join(tmpdir(), 'halter-journal-test-'))
afterAll(() => rm(folder, { recursive: true }))

let files = 0
let path = ''

testSessionStore('the journal store', {
  open: () => {
    files += 1
    path = join(folder, `${files}.jsonl`)
    return openStore()
  },
  reopen: openStore,
})

test('half a line, as a killed process leaves it, swallows no line that comes after it', async () => {
  const torn = join(folder, 'torn.jsonl')
  const session = sampleSession({ texts: ['one'] })
  const { sessionId } = session
  const first = await JournalStore.open(torn)
  await first.create(session)
  await appendFile(torn, '\n{"key":"k","change":{"commit":{"expectedHead":2,"com')

  const second = await JournalStore.open(torn)
  const { head } = (await second.load(sessionId))!
  await second.commit(sessionId, sampleBatch(sessionId, head, ['two']))
  expect((await first.load(sessionId))?.head).toBe(head + 1)
  await Promise.all([first.close(), second.close()])
})

test('a journal that cannot be written acknowledges nothing', async () => {
  const broken = await JournalStore.open(join(folder, 'broken.jsonl'))
  await broken.close()
  await expect(broken.create(sampleSession())).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' })
})

async function openStore(): Promise<OpenStore> {
  const store = await JournalStore.open(path)
  return { store, close: () => store.close() }
}
