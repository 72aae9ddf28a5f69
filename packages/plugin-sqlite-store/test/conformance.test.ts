import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { testSessionStore } from '@halter/testkit'
import { SqliteSessionStore } from '@halter/plugin-sqlite-store'

const folder = mkdtempSync(join(tmpdir(), 'halter-sqlite-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function open(path: string) {
  const store = await SqliteSessionStore.open({ path })
  return { store, close: () => store.close() }
}

// One file for all rules: each of them has to cope with what the others left.
const path = join(folder, 'shared', 'sessions.db')
testSessionStore('the SQLite store', { open: () => open(path), reopen: () => open(path) })
testSessionStore('the SQLite store in memory', { open: () => open(':memory:') })
