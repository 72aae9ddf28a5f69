import { createReadStream, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { OptionValues } from './command-spec.ts'
import type { SESSIONS_IMPORT } from './commands/sessions.ts'
import { openRuntime } from './open-runtime.ts'
import type { Output } from './output.ts'
import { UsageError } from './usage-error.ts'

/** `halter sessions import` */
export async function importSessions(
  options: OptionValues<(typeof SESSIONS_IMPORT)['options']>,
  [file]: readonly string[],
  output: Output,
): Promise<number> {
  if (file === undefined && process.stdin.isTTY)
    throw new UsageError('There is nothing to import. Name a file, or pipe it in.', 'sessions import')
  const { runtime, cwd } = await openRuntime(options, output)
  try {
    const ids = await runtime.importSessions(
      linesOf(file === undefined ? process.stdin : open(resolve(cwd, file))),
    )
    for (const sessionId of ids)
      if (options.json) output.json({ sessionId })
      else output.data(`${sessionId}\n`)
    if (!options.json)
      output.talk(ids.length === 1 ? '1 session imported.' : `${ids.length} sessions imported.`)
    return 0
  } finally {
    await runtime.shutdown()
  }
}

function open(path: string): NodeJS.ReadableStream {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile())
    throw new UsageError(`${path}: there is no such file.`, 'sessions import')
  return createReadStream(path)
}

/** Split at `\n` alone: to `node:readline`, the U+2028 of a text ends a line too. */
async function* linesOf(stream: NodeJS.ReadableStream): AsyncGenerator<string> {
  stream.setEncoding('utf8')
  let begun: string[] = []
  for await (const chunk of stream as AsyncIterable<string>) {
    let start = 0
    for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', start)) {
      yield begun.join('') + chunk.slice(start, end)
      begun = []
      start = end + 1
    }
    begun.push(chunk.slice(start))
  }
  yield begun.join('')
}
