import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { ReadEntry } from 'tar'
import { sourceFailure } from './source-failure.ts'
import type { ArchiveEntry, Unpacking } from './unpacking.ts'

const KINDS: Readonly<Record<string, ArchiveEntry['kind']>> = {
  File: 'file',
  OldFile: 'file',
  ContiguousFile: 'file',
  Directory: 'folder',
  Link: 'link',
  SymbolicLink: 'link',
}

/**
 * Unpacks a tar file that gzip has packed. The bytes that come out of gzip are counted, headers and padding included.
 * @throws HalterError `ERR_RESOURCE_SOURCE`; whatever gzip and tar say of a damaged file; the signal's reason.
 */
export async function unpackTar(file: string, unpacking: Unpacking, signal: AbortSignal): Promise<void> {
  const { Parser } = await import('tar')
  const stop = new AbortController()
  const writes: Promise<void>[] = []
  let isOver = false
  const parser = new Parser({ strict: true })
  parser.on('error', (error: Error) => stop.abort(error))
  parser.on('ignoredEntry', () => stop.abort(sourceFailure('it has an entry of an unknown kind')))
  parser.on('eof', () => (isOver = true))
  parser.on('entry', (entry: ReadEntry) => {
    // What is thrown here would end the process: the parser calls from a tick of its own.
    try {
      const placed = unpacking.accept(asEntry(entry))
      if (placed) writes.push(placed.write(entry, stop.signal).catch((error: unknown) => stop.abort(error)))
      else entry.resume()
    } catch (error) {
      stop.abort(error)
      entry.resume()
    }
  })
  const feed = async (source: AsyncIterable<Buffer>): Promise<void> => {
    let isFirst = true
    for await (const bytes of source) {
      unpacking.count(bytes.length)
      stop.signal.throwIfAborted()
      if (isFirst && isPacked(bytes)) throw sourceFailure('it is packed twice')
      isFirst = false
      // What follows the end is counted and read by nobody: the parser would keep all of it.
      if (!isOver && !parser.write(bytes)) await once(parser, 'drain', { signal: stop.signal })
    }
  }
  try {
    await pipeline(createReadStream(file), createGunzip(), feed, { signal })
    const end = once(parser, 'end', { signal: stop.signal })
    parser.end()
    await end
    await Promise.all(writes)
    stop.signal.throwIfAborted()
  } catch (error) {
    stop.abort(error)
    await Promise.all(writes)
    throw stop.signal.reason
  }
}

function asEntry({ type, path, size, mode = 0 }: ReadEntry): ArchiveEntry {
  return { path, kind: KINDS[type] ?? 'other', size, isExecutable: (mode & 0o111) !== 0 }
}

/** gzip and zstd: the parser would unpack them again, past our count. */
function isPacked(bytes: Buffer): boolean {
  return (bytes[0] === 0x1f && bytes[1] === 0x8b) || (bytes[0] === 0x28 && bytes[1] === 0xb5)
}
