import type { HandlerContext, HandlerResult, HookHandler, HookPayload } from '../hook-handler.ts'
import { snippet } from './bounded-text.ts'
import { Deadline } from './deadline.ts'
import { ended, failed, type Outcome } from './outcome.ts'
import { runFunction } from './run-function.ts'
import { SessionRuns } from './session-runs.ts'

/**
 * Runs a handler to its end, within its `timeoutMs` and for as long as `ctx.signal` is not aborted. Never rejects: what goes wrong
 * is the result's to say, without secrets. One that `isAsync` is started and not waited for; `ctx.settled` gets what it came to.
 */
export async function runHandler(
  handler: HookHandler,
  payload: HookPayload,
  ctx: HandlerContext,
): Promise<HandlerResult> {
  if (!handler.isAsync && !handler.asyncRewake) return timed(handler, payload, ctx, ctx.signal)
  const begin = ctx.services.clock.monotonic()
  const isStarted = SessionRuns.of(ctx.session).start(async (signal) => {
    const result = await timed(handler, payload, { ...ctx, signal }, signal)
    tell(ctx, result)
  })
  const durationMs = ctx.services.clock.monotonic() - begin
  if (isStarted) return { status: 'ok', isRunning: true, durationMs }
  return {
    ...failed(
      'The hook did not start: too many hooks of the session run in the background, or it is closing.',
    ),
    durationMs,
  }
}

function tell(ctx: HandlerContext, result: HandlerResult): void {
  try {
    ctx.settled(result)
  } catch (error) {
    ctx.services.logger.error('What a background hook came to could not be taken in.', {
      error: String(error),
    })
  }
}

async function timed(
  handler: HookHandler,
  payload: HookPayload,
  ctx: HandlerContext,
  signal: AbortSignal,
): Promise<HandlerResult> {
  const { clock } = ctx.services
  const begin = clock.monotonic()
  const outcome = await attempt(handler, payload, ctx, signal)
  return { ...outcome, durationMs: clock.monotonic() - begin }
}

async function attempt(
  handler: HookHandler,
  payload: HookPayload,
  ctx: HandlerContext,
  signal: AbortSignal,
): Promise<Outcome> {
  using deadline = new Deadline(handler.timeoutMs, signal)
  if (deadline.ended) return ended(deadline.ended, `The ${handler.type} hook`, handler.timeoutMs)
  try {
    return await run(handler, payload, ctx, deadline)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return failed(`The ${handler.type} hook failed: ${snippet(message)}`)
  }
}

/** What a type needs is loaded at its first run; a function needs nothing. */
async function run(
  handler: HookHandler,
  payload: HookPayload,
  ctx: HandlerContext,
  deadline: Deadline,
): Promise<Outcome> {
  switch (handler.type) {
    case 'command': {
      const { runCommand } = await import('./command/run-command.ts')
      return runCommand(handler, payload, ctx, deadline)
    }
    case 'http': {
      const { runHttp } = await import('./http/run-http.ts')
      return runHttp(handler, payload, ctx, deadline)
    }
    case 'prompt': {
      const { runPrompt } = await import('./model/run-prompt.ts')
      return runPrompt(handler, payload, ctx, deadline)
    }
    case 'agent': {
      const { runAgent } = await import('./model/run-agent.ts')
      return runAgent(handler, payload, ctx, deadline)
    }
    case 'function':
      return runFunction(handler, payload, ctx, deadline)
  }
}
