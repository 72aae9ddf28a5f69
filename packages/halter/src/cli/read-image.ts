import { open } from 'node:fs/promises'
import type { ImagePart } from '@halter/protocol'
import { UsageError } from './usage-error.ts'

/** What model APIs take of one picture. Bytes. */
const MAX_BYTES = 5 * 1_048_576

/**
 * A picture for a prompt, of the kind that its first bytes say it is, whatever it is called.
 * @throws UsageError when it cannot be read, is too large, or is no picture that models take.
 */
export async function readImage(path: string): Promise<ImagePart> {
  const data = await readBounded(path)
  const mediaType = mediaTypeOf(data)
  if (mediaType === undefined)
    throw new UsageError(`--image ${path}: it is no PNG, JPEG, GIF or WebP picture.`, 'run')
  return { kind: 'image', mediaType, data: data.toString('base64') }
}

async function readBounded(path: string): Promise<Buffer> {
  const file = await open(path).catch((error: unknown) => {
    const { code = String(error) } = error as NodeJS.ErrnoException
    throw new UsageError(`--image ${path}: it cannot be read (${code}).`, 'run')
  })
  try {
    const { size, ...stats } = await file
      .stat()
      .then((stats) => ({ size: stats.size, isFile: stats.isFile() }))
    if (!stats.isFile) throw new UsageError(`--image ${path}: it is no file.`, 'run')
    if (size > MAX_BYTES)
      throw new UsageError(`--image ${path}: it has ${size} bytes; models take at most ${MAX_BYTES}.`, 'run')
    return await file.readFile()
  } finally {
    await file.close()
  }
}

/** By the signatures that the formats' own specifications give. */
function mediaTypeOf(data: Buffer): string | undefined {
  const ascii = (from: number, to: number): string => data.toString('latin1', from, to)
  if (ascii(0, 8) === '\u0089PNG\r\n\u001A\n') return 'image/png'
  if (ascii(0, 3) === '\u00FF\u00D8\u00FF') return 'image/jpeg'
  if (/^GIF8[79]a$/.test(ascii(0, 6))) return 'image/gif'
  return ascii(0, 4) === 'RIFF' && ascii(8, 12) === 'WEBP' ? 'image/webp' : undefined
}
