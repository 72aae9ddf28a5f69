import type { SessionRuntime } from '@halter/core'
import type { SessionId } from '@halter/protocol'
import type { OptionValues } from './command-spec.ts'
import type { SESSIONS_UNDO_COMPACTION } from './commands/sessions.ts'
import type { Output } from './output.ts'
import { makeFork } from './sessions-fork.ts'
import { UsageError } from './usage-error.ts'

/** `halter sessions undo-compaction` */
export async function undoCompaction(
  options: OptionValues<(typeof SESSIONS_UNDO_COMPACTION)['options']>,
  [id]: readonly string[],
  output: Output,
): Promise<number> {
  return await makeFork(options, id!, output, async (runtime, from) => {
    const newest = await newestCompaction(runtime, from)
    if (newest === undefined)
      throw new UsageError(
        `Session ${from} was never compacted: there is nothing to undo, and all of it is there.`,
      )
    return await runtime.forkSession(from, { at: newest - 1 })
  })
}

/** The number of the event; undefined when nothing ever gave way. */
async function newestCompaction(runtime: SessionRuntime, id: SessionId): Promise<number | undefined> {
  let newest: number | undefined
  for await (const event of runtime.replay(id))
    if (event.type === 'compaction.applied' && event.droppedSeqs.length > 0) newest = event.seq
  return newest
}
