// A store that keeps something: `reopen` opens the same file as another process would.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import plugin, { SqliteSessionStore } from '@halter/plugin-sqlite-store'
import type { Conformance, OpenStore } from '@halter/testkit/rules'

const folder = mkdtempSync(join(tmpdir(), 'halter-conformance-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const path = join(folder, 'sessions.db')

async function open(): Promise<OpenStore> {
  const store = await SqliteSessionStore.open({ path })
  return { store, close: () => store.close() }
}

export default [
  { kind: 'sessionStore', harness: { open, reopen: open } },
  // The same thing as a plugin: started, used and taken away, it leaves nothing behind.
  { kind: 'plugin', harness: { entry: () => [plugin, { path }] } },
] satisfies Conformance[]
