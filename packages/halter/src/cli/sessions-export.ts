import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { OptionValues } from './command-spec.ts'
import type { SESSIONS_EXPORT } from './commands/sessions.ts'
import { findSession } from './find-session.ts'
import { openRuntime } from './open-runtime.ts'
import type { Output } from './output.ts'
import { UsageError } from './usage-error.ts'

/** Handed over to stdout at once, before it is waited for. UTF-16 units. */
const PIECE = 1 << 18

/** `halter sessions export` */
export async function exportSession(
  options: OptionValues<(typeof SESSIONS_EXPORT)['options']>,
  [id, file]: readonly string[],
  output: Output,
): Promise<number> {
  const { runtime, cwd } = await openRuntime(options, output)
  try {
    const { sessionId } = await findSession(runtime, id!)
    const lines = runtime.exportSession(sessionId)
    if (file === undefined) await writeToStdout(lines, output)
    else await writeToFile(lines, resolve(cwd, file))
    if (file !== undefined) output.talk(`Written to ${resolve(cwd, file)}.`)
    return 0
  } finally {
    await runtime.shutdown()
  }
}

async function writeToStdout(lines: AsyncIterable<string>, output: Output): Promise<void> {
  let length = 0
  for await (const line of lines) {
    if (output.readerGone.aborted) return
    output.data(line)
    length += line.length
    if (length < PIECE) continue
    length = 0
    await output.flush() // a slow reader must not make us keep it all
  }
}

/** Only for its owner: it holds whatever was said. What could not be written whole is not left there. */
async function writeToFile(lines: AsyncIterable<string>, path: string): Promise<void> {
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600 })
  try {
    await pipeline(lines, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new UsageError(`${path} is there already. Name another file, or take it away.`, 'sessions export')
    await rm(path, { force: true })
    throw error
  }
}
