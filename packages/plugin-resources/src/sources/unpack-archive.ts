import { open, stat } from 'node:fs/promises'
import { isHalterError } from '@halter/core'
import type { ArchiveLimits } from './limits.ts'
import { shown, sourceFailure } from './source-failure.ts'
import { Unpacking } from './unpacking.ts'

/** What came of an archive. */
export interface Unpacked {
  /** Symbolic and hard links that were left out: none is ever made. */
  readonly linksLeftOut: number
}

/**
 * Unpacks a `.tar.gz` or `.zip`, whatever it is called, into `folder`, which exists, is empty and is the caller's alone. Nothing of
 * it is run. What is thrown completes the sentence "… could not be unpacked: "; `folder` is then half full.
 * @throws HalterError `ERR_RESOURCE_SOURCE`; the signal's reason.
 */
export async function unpackArchive(
  file: string,
  folder: string,
  limits: ArchiveLimits,
  signal: AbortSignal,
): Promise<Unpacked> {
  const { size } = await stat(file)
  if (size > limits.archiveBytes) throw sourceFailure(`it is larger than ${limits.archiveBytes} bytes`)
  const unpacking = new Unpacking(folder, size, limits)
  const format = await formatOf(file)
  try {
    if (format === 'gzip') await (await import('./unpack-tar.ts')).unpackTar(file, unpacking, signal)
    else await (await import('./unpack-zip.ts')).unpackZip(file, unpacking, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (isHalterError(error)) throw error
    // Its words may repeat a name from the archive.
    const words = error instanceof Error ? error.message : String(error)
    throw sourceFailure(`it is damaged or cut off (${shown(words)})`, error)
  }
  if (unpacking.isEmpty) throw sourceFailure('it holds no file')
  const { linksLeftOut } = unpacking
  return { linksLeftOut }
}

async function formatOf(file: string): Promise<'gzip' | 'zip'> {
  const handle = await open(file)
  try {
    const head = Buffer.alloc(4)
    await handle.read(head, 0, 4, 0)
    if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip'
    if (head.toString('latin1', 0, 2) === 'PK') return 'zip'
  } finally {
    await handle.close()
  }
  throw sourceFailure('it is neither a .tar.gz nor a .zip')
}
