import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

/**
 * Digests of files, each read again only when it is another one: inode, size, and the time of its last change, which nobody can
 * set back, unlike that of its last writing.
 */
export class FileDigests {
  readonly #known = new Map<string, { readonly stamp: string; readonly sha256: string }>()

  /** Of the content, in hex. Rejects when the file cannot be read. */
  async of(file: string): Promise<string> {
    const { ino, size, ctimeNs, mtimeNs } = statSync(file, { bigint: true })
    const stamp = [ino, size, ctimeNs, mtimeNs].join()
    const known = this.#known.get(file)
    if (known?.stamp === stamp) return known.sha256
    const sha256 = createHash('sha256')
      .update(await readFile(file))
      .digest('hex')
    this.#known.set(file, { stamp, sha256 })
    return sha256
  }
}
