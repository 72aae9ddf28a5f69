import type { ToolContext, ToolOutput } from '@halter/core'
import type { EditInput } from '../edit.ts'
import { answerFailures, failure } from '../failure.ts'
import type { ToolsOptions } from '../options.ts'
import { cutText, formatBytes, numberLine } from '../text.ts'
import { openInside } from './open-inside.ts'
import type { Opened } from './open-inside.ts'
import { hashOf } from './hash-file.ts'
import type { PathLocks } from './path-locks.ts'
import { replaceFile } from './replace-file.ts'
import { lineAt, replaceText } from './replace-text.ts'
import type { ChangedText } from './replace-text.ts'
import { absolutePath, accessOf } from './roots.ts'

/** Larger files are refused: both versions are in memory at once. */
const MAX_EDIT_BYTES = 16 * 1024 * 1024
/** Lines shown before and after a change, and of the change itself. */
const CONTEXT_LINES = 3
const CHANGED_LINES = 20

/** Does the work of the tool `edit`. */
export function editFile(
  input: EditInput,
  ctx: ToolContext,
  { settings, locks }: { readonly settings: ToolsOptions; readonly locks: PathLocks },
): Promise<ToolOutput> {
  const path = absolutePath(input.file_path, ctx.workingDir)
  return answerFailures(() => locks.hold(path, ctx.signal, () => edit(input, ctx, settings)))
}

async function edit(
  input: EditInput,
  { workingDir, signal }: ToolContext,
  settings: ToolsOptions,
): Promise<string> {
  const { old_string: oldText, new_string: newText, replace_all: all = false } = input
  if (oldText === '') throw failure('old_string is empty. To make or fill a file, use write.')
  if (oldText === newText)
    throw failure('old_string and new_string are the same: there is nothing to change.')
  const access = await accessOf('write', workingDir, settings)
  const path = absolutePath(input.file_path, workingDir)
  const opened = await openInside(path, access)
  try {
    const bytes = await readBytes(opened)
    const before = input.expected_sha256 === undefined ? undefined : hashOf(bytes)
    if (before !== undefined && before !== input.expected_sha256!.toLowerCase())
      throw failure(
        `${opened.path} is not what expected_sha256 says: it has the SHA-256 ${before} by now. Nothing was changed; read it again.`,
      )
    const text = textOf(bytes, opened.path)
    const changed = replaceText(text, { oldText, newText, all }, opened.path)
    await replaceFile({ path, content: changed.text, expected: opened.stats, signal }, access)
    const times = changed.count === 1 ? '1 occurrence' : `${changed.count} occurrences`
    const hashes = before === undefined ? '' : `\n[SHA-256 before: ${before}, after: ${hashOf(changed.text)}]`
    return `Replaced ${times} in ${opened.path}${changed.count > 1 ? '; the first' : ''}:\n${context(changed)}${hashes}`
  } finally {
    await opened.handle.close()
  }
}

async function readBytes({ handle, path, stats }: Opened): Promise<Buffer> {
  if (!stats.isFile()) throw failure(`${path} is not a file. edit changes text files only.`)
  if (stats.size > MAX_EDIT_BYTES)
    throw failure(
      `${path} has ${formatBytes(Number(stats.size))}; edit takes files up to ${formatBytes(MAX_EDIT_BYTES)}. Use a command instead.`,
    )
  const bytes = Buffer.alloc(Number(stats.size))
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0)
  return bytes.subarray(0, bytesRead)
}

function textOf(bytes: Buffer, path: string): string {
  try {
    // ignoreBOM keeps the mark in the text, and so in the file.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    throw failure(
      `${path} is not UTF-8 text, and an edit would damage it. Use a command that knows its encoding.`,
      error,
    )
  }
}

/** The changed lines of the first replacement and those around them, as `read` would show them. */
function context({ text, at, length }: ChangedText): string {
  const first = lineAt(text, at)
  const last = Math.min(lineAt(text, at + length), first + CHANGED_LINES - 1)
  const from = Math.max(1, first - CONTEXT_LINES)
  return text
    .split('\n', last + CONTEXT_LINES)
    .slice(from - 1)
    .map((line, index) => numberLine(cutText(line.replace(/\r$/, ''), 500), from + index))
    .join('\n')
}
