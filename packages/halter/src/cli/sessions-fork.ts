import type { SessionHandle, SessionRuntime } from '@halter/core'
import type { OptionValues } from './command-spec.ts'
import type { SESSIONS_FORK, SESSIONS_REPAIR } from './commands/sessions.ts'
import { findSessionId } from './find-session.ts'
import { openRuntime } from './open-runtime.ts'
import type { Output } from './output.ts'

/** `halter sessions fork` */
export async function forkSession(
  options: OptionValues<(typeof SESSIONS_FORK)['options']>,
  [id]: readonly string[],
  output: Output,
): Promise<number> {
  const { at } = options
  return await makeFork(options, id!, output, (runtime, from) =>
    runtime.forkSession(from, at === undefined ? {} : { at }),
  )
}

/** `halter sessions repair` */
export async function repairSession(
  options: OptionValues<(typeof SESSIONS_REPAIR)['options']>,
  [id]: readonly string[],
  output: Output,
): Promise<number> {
  return await makeFork(options, id!, output, (runtime, from) => runtime.repairSession(from))
}

/** Tells of the session that `make` makes of another one; undefined when there is no need for it. */
export async function makeFork(
  options: OptionValues<(typeof SESSIONS_REPAIR)['options']>,
  id: string,
  output: Output,
  make: (runtime: SessionRuntime, from: string) => Promise<SessionHandle | undefined>,
): Promise<number> {
  const { runtime } = await openRuntime(options, output)
  try {
    const from = await findSessionId(runtime, id)
    let at: number | undefined
    runtime.events.listen((event) => {
      if (event.type === 'session.forked') at = event.atSeq
    })
    const fork = await make(runtime, from)
    if (options.json) output.json({ sessionId: fork?.id ?? null, from, at })
    else if (fork) {
      output.data(`${fork.id}\n`)
      output.talk(`It has events 1 to ${at} of ${from}. Go on with it: halter run --session ${fork.id} "…"`)
    } else output.talk(`Nothing is wrong with ${from}.`)
    return 0
  } finally {
    await runtime.shutdown()
  }
}
