import type { SessionRuntime } from '@halter/core'
import type { SessionSummary } from '@halter/protocol'
import type { OptionValues } from './command-spec.ts'
import type { SESSIONS_PRUNE } from './commands/sessions.ts'
import { allSessions } from './find-session.ts'
import { openRuntime } from './open-runtime.ts'
import type { Output } from './output.ts'
import { parseAge } from './parse-age.ts'
import { sessionTable } from './sessions-list.ts'
import { UsageError } from './usage-error.ts'

type PruneOptions = OptionValues<(typeof SESSIONS_PRUNE)['options']>

/** What is to go. */
interface Pruning {
  /** Last used before this; milliseconds since the epoch. */
  readonly until: number | undefined
  /** Beyond so many of the newest. */
  readonly keep: number
  readonly workingDir: string | undefined
}

/** `halter sessions prune`: without `--yes` it only tells what would go. */
export async function pruneSessions(
  options: PruneOptions,
  _: readonly string[],
  output: Output,
): Promise<number> {
  const { keep, yes, here, 'older-than': age } = options
  if (age === undefined && keep === undefined)
    throw new UsageError('Say what may go: --older-than 30d, --keep 100, or both.', 'sessions prune')
  const until = age === undefined ? undefined : Date.now() - parseAge(age)
  const { runtime, cwd } = await openRuntime(options, output)
  try {
    const going = await findGoing(runtime, { until, keep: keep ?? 0, workingDir: here ? cwd : undefined })
    if (!options.json && going.length > 0) output.data(sessionTable(going, output.width))
    for (const summary of going) {
      if (yes) await runtime.deleteSession(summary.sessionId, { cascade: true })
      if (options.json) output.json({ ...summary, deleted: yes ?? false })
    }
    if (!options.json) output.talk(conclusion(going.length, yes ?? false))
    return 0
  } finally {
    await runtime.shutdown()
  }
}

/** Sessions without a parent: the others go with theirs. One that is running stays. */
async function findGoing(
  runtime: SessionRuntime,
  { until, keep, workingDir }: Pruning,
): Promise<readonly SessionSummary[]> {
  const going: SessionSummary[] = []
  let newer = 0
  for await (const session of allSessions(runtime, {
    parentId: null,
    ...(workingDir !== undefined && { workingDir }),
  })) {
    newer += 1
    const isOld = until === undefined || session.updatedAt < until
    if (newer > keep && isOld && session.status !== 'running') going.push(session)
  }
  return going
}

function conclusion(count: number, isDone: boolean): string {
  if (count === 0) return 'There is nothing to delete.'
  const sessions = count === 1 ? '1 session' : `${count} sessions`
  return isDone
    ? `${sessions} deleted, with what they have opened.`
    : `${sessions} would be deleted, with what they have opened. Nothing was: --yes does it.`
}
