import type { SessionRuntime, VerifyReport } from '@halter/core'
import type { SessionId } from '@halter/protocol'
import type { OptionValues } from './command-spec.ts'
import type { SESSIONS_VERIFY } from './commands/sessions.ts'
import { allSessions, findSession } from './find-session.ts'
import { openRuntime } from './open-runtime.ts'
import type { Output } from './output.ts'
import { UsageError } from './usage-error.ts'

/** `halter sessions verify`: exit code 1 when a session has a problem. */
export async function verifySessions(
  options: OptionValues<(typeof SESSIONS_VERIFY)['options']>,
  ids: readonly string[],
  output: Output,
): Promise<number> {
  if (ids.length === 0 && !options.all)
    throw new UsageError('Name a session, or check every one with --all.', 'sessions verify')
  if (ids.length > 0 && options.all) throw new UsageError('--all needs no ids.', 'sessions verify')
  const { runtime } = await openRuntime(options, output)
  try {
    let checked = 0
    let damaged = 0
    for await (const id of chosen(runtime, ids)) {
      if (output.readerGone.aborted) break
      const report = await runtime.verify(id)
      checked += 1
      if (report.problems.length > 0) damaged += 1
      if (options.json) output.json(report)
      else output.data(describeReport(report))
    }
    if (!options.json) output.talk(`${checked} checked, ${damaged} with problems.`)
    return damaged > 0 ? 1 : 0
  } finally {
    await runtime.shutdown()
  }
}

async function* chosen(runtime: SessionRuntime, ids: readonly string[]): AsyncIterable<SessionId> {
  if (ids.length === 0) for await (const { sessionId } of allSessions(runtime)) yield sessionId
  for (const id of ids) yield (await findSession(runtime, id)).sessionId
}

function describeReport({ sessionId, events, problems }: VerifyReport): string {
  if (problems.length === 0) return `ok       ${sessionId}  ${events} events\n`
  const lines = problems.map(({ seq, problem }) => `         at ${seq}: ${problem}\n`)
  return `damaged  ${sessionId}  ${events} events\n${lines.join('')}`
}
