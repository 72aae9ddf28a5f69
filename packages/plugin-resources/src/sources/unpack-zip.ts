import type { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import type { Entry } from 'yauzl'
import { shown, sourceFailure } from './source-failure.ts'
import type { ArchiveEntry, Unpacking } from './unpacking.ts'

/**
 * Unpacks a zip file by its table of contents. What comes out is counted, and compared with its checksum.
 * @throws HalterError `ERR_RESOURCE_SOURCE`; whatever the reader says of a damaged file; the signal's reason.
 */
export async function unpackZip(file: string, unpacking: Unpacking, signal: AbortSignal): Promise<void> {
  const { default: yauzl } = await import('yauzl')
  const zip = await yauzl.openPromise(file, { autoClose: false, lazyEntries: true, strictFileNames: true })
  try {
    for await (const entry of zip.eachEntry()) {
      signal.throwIfAborted()
      if (entry.isEncrypted()) throw sourceFailure(`its file ${shown(entry.fileName)} is encrypted`)
      const placed = unpacking.accept(asEntry(entry))
      if (placed)
        await placed.write(checked(await zip.openReadStreamPromise(entry), entry, unpacking), signal)
    }
  } finally {
    zip.close()
  }
}

async function* checked(
  content: Readable,
  { fileName, crc32: expected }: Entry,
  unpacking: Unpacking,
): AsyncGenerator<Uint8Array> {
  let sum = 0
  for await (const chunk of content) {
    const bytes = chunk as Buffer
    unpacking.count(bytes.length)
    sum = crc32(bytes, sum)
    yield bytes
  }
  if (sum !== expected) throw sourceFailure(`its file ${shown(fileName)} is damaged: the checksum is another`)
}

/** The upper half of the attributes is the mode of Unix, where the archive was made there; 0 elsewhere. */
function asEntry({ fileName, externalFileAttributes, uncompressedSize }: Entry): ArchiveEntry {
  const mode = externalFileAttributes >>> 16
  return {
    path: fileName,
    kind: kindOf(mode, fileName),
    size: uncompressedSize,
    isExecutable: (mode & 0o111) !== 0,
  }
}

function kindOf(mode: number, fileName: string): ArchiveEntry['kind'] {
  switch (mode & 0o170000) {
    case 0o120000:
      return 'link'
    case 0:
    case 0o100000:
    case 0o040000:
      return fileName.endsWith('/') ? 'folder' : 'file'
    default:
      return 'other'
  }
}
