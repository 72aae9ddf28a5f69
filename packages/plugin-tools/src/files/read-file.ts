import type { ToolContext, ToolOutput } from '@halter/core'
import { answerFailures, failure, textOutput } from '../failure.ts'
import type { ToolsOptions } from '../options.ts'
import type { ReadInput } from '../read.ts'
import { capList, formatBytes } from '../text.ts'
import { imageTypeOf, isBinary } from './file-kind.ts'
import { listFolder, openInside } from './open-inside.ts'
import type { Opened } from './open-inside.ts'
import { hashOfFile } from './hash-file.ts'
import { readWindow } from './read-window.ts'
import { absolutePath, accessOf } from './roots.ts'

/** Larger pictures are refused: model APIs take at most 5 MB of base64. */
const MAX_IMAGE_BYTES = 3_750_000

/** Does the work of the tool `read`. */
export function readFile(input: ReadInput, ctx: ToolContext, settings: ToolsOptions): Promise<ToolOutput> {
  return answerFailures(() => read(input, ctx, settings))
}

async function read(
  input: ReadInput,
  ctx: ToolContext,
  settings: ToolsOptions,
): Promise<string | ToolOutput> {
  const access = await accessOf('read', ctx.workingDir, settings)
  const opened = await openInside(absolutePath(input.file_path, ctx.workingDir), access)
  try {
    if (opened.stats.isDirectory()) return showFolder(opened, await listFolder(opened), settings)
    if (!opened.stats.isFile())
      throw failure(`${opened.path} is a pipe, socket or device. Only files and folders can be read.`)
    const shown = await showFile(opened, input, ctx.signal, settings)
    if (input.sha256 !== true || typeof shown !== 'string') return shown
    return `${shown}\n[SHA-256 of the whole file: ${await hashOfFile(opened.handle, ctx.signal)}]`
  } finally {
    await opened.handle.close()
  }
}

async function showFile(
  opened: Opened,
  input: ReadInput,
  signal: AbortSignal,
  settings: ToolsOptions,
): Promise<string | ToolOutput> {
  const { handle, path, stats } = opened
  const start = Buffer.alloc(8192)
  const { bytesRead } = await handle.read(start, 0, start.length, 0)
  const head = start.subarray(0, bytesRead)
  if (bytesRead === 0) return `[${path} is empty.]`
  const mediaType = imageTypeOf(head)
  if (mediaType) return showImage(opened, mediaType)
  if (isBinary(head))
    throw failure(
      `${path} is a binary file of ${formatBytes(Number(stats.size))}, which cannot be shown as text. ` +
        'If you need something from it, use a command that understands its format.',
    )
  return readWindow(handle, {
    size: Number(stats.size),
    offset: Math.max(1, input.offset ?? 1),
    limit: Math.min(input.limit ?? settings.maxLines, settings.maxLines),
    maxBytes: settings.maxOutputBytes,
    path,
    signal,
  })
}

async function showImage({ handle, path, stats }: Opened, mediaType: string): Promise<ToolOutput> {
  const size = Number(stats.size)
  if (size > MAX_IMAGE_BYTES)
    throw failure(
      `${path} is a picture of ${formatBytes(size)}; at most ${formatBytes(MAX_IMAGE_BYTES)} can be shown. Make it smaller first.`,
    )
  const bytes = Buffer.alloc(size)
  const { bytesRead } = await handle.read(bytes, 0, size, 0)
  const data = bytes.subarray(0, bytesRead).toString('base64')
  return {
    parts: [
      { kind: 'text', text: `${path}: ${mediaType}, ${formatBytes(bytesRead)}` },
      { kind: 'image', mediaType, data },
    ],
  }
}

function showFolder({ path }: Opened, names: readonly string[], settings: ToolsOptions): ToolOutput {
  if (names.length === 0) return textOutput(`[The folder ${path} is empty.]`)
  const { text, shown } = capList(names, { maxEntries: settings.maxLines, maxBytes: settings.maxOutputBytes })
  const left = names.length - shown
  const notice =
    left > 0 ? `\n[${left} of ${names.length} entries are not shown. Use glob to find the others.]` : ''
  return textOutput(`[Folder ${path}, ${names.length} entries]\n${text}${notice}`)
}
