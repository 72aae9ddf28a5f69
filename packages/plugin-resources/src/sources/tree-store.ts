import { hash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** An unfinished folder that is older than this was left by a process that died. */
const STALE_MS = 60 * 60 * 1000

/**
 * Unpacked archives, each under its checksum, in a folder that only the user may read. A tree is there whole or not at all: it is
 * made beside and renamed, so any number of processes may want the same one at once. Nothing is ever changed in place.
 */
export class TreeStore {
  readonly #home: string

  /** `home`: a folder of its own, absolute; made when it is needed. */
  constructor(home: string) {
    this.#home = home
  }

  /** Where the tree with this checksum lies; undefined when it is not there. */
  find(sha256: string): string | undefined {
    const folder = join(this.#home, 'trees', sha256)
    return existsSync(folder) ? folder : undefined
  }

  /** The tree with this checksum: as it is, or else as `unpack` makes it in a folder that is its own. */
  async keep(sha256: string, unpack: (folder: string) => Promise<void>): Promise<string> {
    const target = join(this.#home, 'trees', sha256)
    if (existsSync(target)) return target
    await mkdir(dirname(target), { recursive: true, mode: 0o700 })
    const folder = await this.scratch()
    try {
      await mkdir(folder, { mode: 0o700 })
      await unpack(folder)
      await rename(folder, target)
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      // Another process was faster: the same checksum is the same tree.
      if (!isTaken(error)) throw error
    }
    return target
  }

  /** A path for something unfinished. What others left there long ago is removed. */
  async scratch(): Promise<string> {
    const folder = join(this.#home, 'unfinished')
    await mkdir(folder, { recursive: true, mode: 0o700 })
    for (const name of await readdir(folder)) {
      const path = join(folder, name)
      const age = await stat(path).then(
        ({ mtimeMs }) => Date.now() - mtimeMs,
        () => 0,
      )
      if (age > STALE_MS) await rm(path, { recursive: true, force: true })
    }
    return join(folder, randomUUID())
  }

  /** What was noted under a name; undefined when nothing was, or not by this code. */
  async note(name: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    try {
      const noted: unknown = JSON.parse(await readFile(this.#notePath(name), 'utf8'))
      return typeof noted === 'object' && noted !== null ? (noted as Record<string, unknown>) : undefined
    } catch {
      return undefined // not there or damaged: it is looked up again
    }
  }

  /** Notes something under a name, in one step. */
  async setNote(name: string, value: Readonly<Record<string, unknown>>): Promise<void> {
    const path = this.#notePath(name)
    const next = await this.scratch()
    await writeFile(next, `${JSON.stringify(value)}\n`, { mode: 0o600 })
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await rename(next, path)
  }

  #notePath(name: string): string {
    return join(this.#home, 'notes', `${hash('sha256', name)}.json`)
  }
}

function isTaken(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'ENOTEMPTY' || code === 'EEXIST' || (code === 'EPERM' && process.platform === 'win32')
}
