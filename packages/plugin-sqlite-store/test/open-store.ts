import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { SqliteSessionStore, type SqliteStoreOptions } from '@halter/plugin-sqlite-store'

/** A folder that goes when the test is over. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'halter-sqlite-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A path in a folder of its own. */
export function scratchPath(): string {
  return join(scratchFolder(), 'sessions.db')
}

/** A store that is closed when the test is over. */
export async function openStore(
  path: string = scratchPath(),
  options: Partial<SqliteStoreOptions> = {},
): Promise<SqliteSessionStore> {
  const store = await SqliteSessionStore.open({ path, ...options })
  onTestFinished(() => store.close())
  return store
}

/** Everything that `replay` gives. */
export async function replayAll(store: SqliteSessionStore, id: string, after = 0) {
  return await Array.fromAsync(store.replay(id, { after }))
}
