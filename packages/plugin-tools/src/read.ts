import { defineTool, jsonSchema } from '@halter/core'
import type { Tool, ToolContext, ToolOutput } from '@halter/core'
import { answerFailures, failure, textOutput } from './failure.ts'
import { imageTypeOf, isBinary } from './files/file-kind.ts'
import { listFolder, openInside } from './files/open-inside.ts'
import type { Opened } from './files/open-inside.ts'
import { completeOptions } from './options.ts'
import type { ToolsOptions } from './options.ts'
import { readWindow } from './files/read-window.ts'
import { absolutePath, accessOf } from './files/roots.ts'
import { capList, formatBytes } from './text.ts'

/** Larger pictures are refused: model APIs take at most 5 MB of base64. */
const MAX_IMAGE_BYTES = 3_750_000

interface ReadInput {
  readonly file_path: string
  readonly offset?: number
  readonly limit?: number
}

const input = jsonSchema<ReadInput>({
  type: 'object',
  properties: {
    file_path: { type: 'string', description: 'File or folder; absolute, or from the working directory.' },
    offset: { type: 'integer', minimum: 0, description: 'First line to show, from 1.' },
    limit: { type: 'integer', minimum: 1, description: 'Number of lines to show.' },
  },
  required: ['file_path'],
})

/** Makes the tool `read`: lines of a text file with their numbers, a picture, or the names in a folder. */
export function createReadTool(options: Partial<ToolsOptions> = {}): Tool {
  const settings = completeOptions(options)
  return defineTool({
    name: 'read',
    description:
      `Reads a file. Text comes as "<line number>\\t<line>", at most ${settings.maxLines} lines at a time; the end of the result says ` +
      'how to read on. PNG, JPEG, GIF and WebP come as pictures. A folder is listed. Other binary files are refused.',
    input,
    effects: 'none',
    concurrency: 'read-only',
    execute: (input, ctx) => answerFailures(() => read(input, ctx, settings)),
  })
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
    return await showFile(opened, input, ctx.signal, settings)
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
