import type { StorageAdapter } from '@halter/core'
import type { Connection } from './connection.ts'
import type { DatabaseFile } from './database-file.ts'
import { escapeText, unescapeText } from './text.ts'

/** Small durable values in the file of the sessions, as a storage adapter for the `keyValue` slot. */
export class SqliteStorageAdapter implements StorageAdapter {
  readonly name = 'sqlite'
  readonly isDurable: boolean
  readonly #file: Pick<DatabaseFile, 'read' | 'write'>

  constructor(file: Pick<DatabaseFile, 'read' | 'write'>, isDurable: boolean) {
    this.#file = file
    this.isDurable = isDurable
  }

  async get(key: string): Promise<string | undefined> {
    return await this.#file.read((db) => {
      const row = db.get<{ value: string }>(
        'SELECT value FROM key_values WHERE key = ? AND (expires IS NULL OR expires > ?)',
        escapeText(key),
        Date.now(),
      )
      return row && unescapeText(row.value)
    })
  }

  async set(key: string, value: string, expires?: number): Promise<void> {
    await this.#file.write((db) =>
      db.run(
        'INSERT OR REPLACE INTO key_values (key, value, expires) VALUES (?, ?, ?)',
        escapeText(key),
        escapeText(value),
        expires ?? null,
      ),
    )
  }

  async delete(key: string): Promise<boolean> {
    return await this.#file.write((db) => db.run('DELETE FROM key_values WHERE key = ?', escapeText(key)) > 0)
  }

  async clear(prefix: string): Promise<void> {
    const escaped = escapeText(prefix)
    await this.#file.write((db) =>
      db.run('DELETE FROM key_values WHERE substr(key, 1, length(?)) = ?', escaped, escaped),
    )
  }
}

/** Removes what nobody can read any more. */
export function removeExpired(db: Connection): void {
  db.run('DELETE FROM key_values WHERE expires <= ?', Date.now())
}
