import type { FunctionHandler, HandlerContext, HookPayload } from '../hook-handler.ts'
import { readHookOutput } from '../hook-output.ts'
import { snippet } from './bounded-text.ts'
import type { Deadline } from './deadline.ts'
import { ended, failed, type Outcome } from './outcome.ts'

/** Calls a function of the program. Its time is kept, and its signal aborted; a function that ignores that goes on unheard. */
export async function runFunction(
  handler: FunctionHandler,
  payload: HookPayload,
  ctx: HandlerContext,
  deadline: Deadline,
): Promise<Outcome> {
  const work = (async () => handler.run(payload, { ...ctx, signal: deadline.signal }))()
  const settled = await deadline.wait(work)
  if ('ended' in settled) return ended(settled.ended, 'The function', handler.timeoutMs)
  const { value } = settled
  if (value === undefined || value === null) return { status: 'ok' }
  if (typeof value === 'string')
    return { status: 'ok', output: { hookSpecificOutput: { additionalContext: value } } }
  if (typeof value !== 'object')
    return failed(`The function answered with a ${typeof value}; an answer is an object, a text or nothing.`)
  try {
    return { status: 'ok', output: readHookOutput(value) }
  } catch (error) {
    return failed(`The function ${snippet((error as Error).message)}.`)
  }
}
