import type { StoredEvent } from '@halter/protocol'
import type { OptionValues } from './command-spec.ts'
import type { SESSIONS_REPLAY } from './commands/sessions.ts'
import { describeEvent } from './describe-event.ts'
import { findSession } from './find-session.ts'
import { openRuntime } from './open-runtime.ts'
import type { Output } from './output.ts'
import { cutToWidth } from './text-width.ts'

/** `halter sessions replay` */
export async function replaySession(
  options: OptionValues<(typeof SESSIONS_REPLAY)['options']>,
  [id]: readonly string[],
  output: Output,
): Promise<number> {
  const { runtime } = await openRuntime(options, output)
  try {
    const { sessionId } = await findSession(runtime, id!)
    const { after, limit } = options
    const range = { ...(after !== undefined && { after }), ...(limit !== undefined && { limit }) }
    for await (const event of runtime.replay(sessionId, range)) {
      if (output.readerGone.aborted) break
      if (options.json) output.json(event)
      else output.data(`${eventLine(event, output.width)}\n`)
    }
    return 0
  } finally {
    await runtime.shutdown()
  }
}

/** `  12  16:40:01.234  toolCall.started   read README.md`, in `width` columns. */
export function eventLine(event: StoredEvent, width: number | undefined): string {
  const time = new Date(event.at).toTimeString().slice(0, 8)
  const milliseconds = String(event.at % 1_000).padStart(3, '0')
  const line = `${String(event.seq).padStart(5)}  ${time}.${milliseconds}  ${event.type.padEnd(18)}  ${describeEvent(event)}`
  return cutToWidth(line.trimEnd(), width ?? 400)
}
