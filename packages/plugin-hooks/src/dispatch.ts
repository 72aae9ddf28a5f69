import { toErrorWire } from '@halter/core'
import type { HookRun } from '@halter/protocol'
import { basePayload } from './base-payload.ts'
import { describeHandler } from './describe-handler.ts'
import { factsOf } from './hook-events.ts'
import { isHookAgent } from './handlers/model/hook-agent.ts'
import type { HandlerContext, HandlerResult, HookHandler, HookPayload } from './hook-handler.ts'
import type { PlannedHandler } from './hook-plan.ts'
import type { Moment } from './hook-services.ts'
import type { HookSession } from './hook-session.ts'
import type { JsonObject } from './json.ts'
import { mergeAnswers, opinionOf, type Answer, type Merged } from './merge-answers.ts'
import { patchOf } from './patch.ts'
import type { Subject } from './subject.ts'
import { toolInputFrom } from './tool-dialect.ts'

/** The handlers that are meant, in order. */
export function matching(hooks: HookSession, subject: Subject): readonly PlannedHandler[] {
  const planned = hooks.plan.byEvent.get(subject.event)
  if (!planned) return []
  const isNested = isHookAgent()
  if (isNested && !GUARDING_TOOLS.has(subject.event)) return []
  return planned.filter(({ handler, matcher, condition }) => {
    // A model that judges is judged by commands, servers and functions, not by models again.
    if (isNested && (handler.type === 'prompt' || handler.type === 'agent')) return false
    if (handler.once && hasFired(hooks, handler.id)) return false
    const isMatched =
      handler.matcher === undefined || (subject.names.length > 0 && matcher.test(subject.names))
    return isMatched && condition.test(subject.condition)
  })
}

/** What is asked of the agent of a handler, too: its tools are guarded as all are, and it has no other life of its own. */
const GUARDING_TOOLS: ReadonlySet<string> = new Set(['PreToolUse', 'PermissionRequest'])

/** Runs handlers side by side. What they say is in their order, whatever the order in which they ended. */
export async function ask(
  hooks: HookSession,
  subject: Subject,
  handlers: readonly PlannedHandler[],
  moment: Moment,
): Promise<readonly Answer[]> {
  if (handlers.length === 0) return []
  const base = await basePayload(hooks, subject.event, moment, subject.callId)
  return Promise.all(
    handlers.map(async ({ handler }) => {
      const result = await runOne(
        hooks,
        subject,
        handler,
        { ...base, ...subject.payload(handler.dialect) },
        moment,
      )
      return toAnswer(subject, handler, result, moment)
    }),
  )
}

/** Asks every handler that is meant and records what they did. Undefined: none is. */
export async function consult(
  hooks: HookSession,
  subject: Subject,
  moment: Moment,
): Promise<Merged | undefined> {
  const handlers = matching(hooks, subject)
  if (handlers.length === 0) return undefined
  const answers = await ask(hooks, subject, handlers, moment)
  await record(hooks, subject, answers, moment)
  return mergeAnswers(answers)
}

/** As {@link consult}, and what handlers had to say to the model and the user is passed on. */
export async function dispatch(
  hooks: HookSession,
  subject: Subject,
  moment: Moment,
): Promise<Merged | undefined> {
  const merged = await consult(hooks, subject, moment)
  if (merged) await passOn(hooks, subject, merged, moment)
  return merged
}

/** Leaves an event per run, in the handlers' order, and remembers what is not to run again. */
export async function record(
  hooks: HookSession,
  subject: Subject,
  answers: readonly Answer[],
  moment: Moment,
): Promise<void> {
  // All at once, so that the log stores them together; it keeps their order.
  const stored: Promise<void>[] = []
  for (const answer of answers) {
    const { handler, result } = answer
    if (result.isRunning) continue
    stored.push(hooks.session.report(runOf(subject, answer)))
    if (isWorthWarning(answer)) moment.warn(warningOf(answer))
    if (!handler.once || (result.status !== 'ok' && result.status !== 'blocked')) continue
    hooks.fired.add(handler.id)
    stored.push(hooks.session.note('fired', { id: handler.id }))
  }
  await Promise.all(stored)
}

/** Shows the model and the user what handlers wrote for them, and tells of rewrites that were lost. */
export async function passOn(
  hooks: HookSession,
  subject: Subject,
  merged: Pick<Merged, 'contexts' | 'messages' | 'conflicts'>,
  moment: Moment,
): Promise<void> {
  const { session } = hooks
  const { scope = 'turn' } = subject
  await Promise.all([
    ...merged.contexts.map((text) => session.inject(text, { scope })),
    ...merged.messages.map((text) => session.notify(HOOK_NOTIFICATION, text)),
  ])
  for (const { field, winner, loser } of merged.conflicts)
    moment.warn(
      `Two hooks rewrite the same (${field}): ${winner.id} comes first and counts, ${loser.id} (${loser.source.file}) does not.`,
    )
}

/** The kind of notification that carries a handler's `systemMessage`; no handler is told of it. */
export const HOOK_NOTIFICATION = 'hook'

async function runOne(
  hooks: HookSession,
  subject: Subject,
  handler: HookHandler,
  payload: JsonObject,
  moment: Moment,
): Promise<HandlerResult> {
  const { services, session } = hooks
  const { plugin } = handler.source
  const { clock, logger, passEnv, network } = services
  const ctx: HandlerContext = {
    session,
    signal: moment.signal,
    services: { clock, logger },
    cwd: session.blueprint.workingDir,
    projectDir: session.blueprint.workingDir,
    ...(moment.turnId !== undefined && { turnId: moment.turnId }),
    passEnv,
    env: process.env,
    network,
    settled: (result) => void settled(hooks, subject, toAnswer(subject, handler, result, moment)),
  }
  const told = { ...payload, plugin_id: plugin?.id ?? handler.source.layer, plugin_root: plugin?.root ?? '' }
  const startedAt = clock.monotonic()
  try {
    return await services.run(handler, told as unknown as HookPayload, ctx)
  } catch (error) {
    const { message } = toErrorWire(error)
    return { status: 'failed', error: message, durationMs: clock.monotonic() - startedAt }
  }
}

/** A background handler ended: it decides nothing any more, and what it says reaches the model and the user all the same. */
async function settled(hooks: HookSession, subject: Subject, answer: Answer): Promise<void> {
  const { session, services } = hooks
  const moment: Moment = {
    session,
    turnId: undefined,
    signal: hooks.closing.signal,
    warn: (message) => services.logger.warn(message, { sessionId: session.blueprint.sessionId }),
  }
  try {
    await record(hooks, subject, [answer], moment)
    const { contexts, messages } = mergeAnswers([answer])
    await passOn(hooks, subject, { contexts, messages, conflicts: [] }, moment)
    const { handler, result } = answer
    if (handler.asyncRewake && result.status === 'blocked')
      session.steer(
        result.stderr || result.stdout || `The hook ${describeHandler(handler)} wants to be looked at.`,
      )
  } catch (error) {
    if (!hooks.closing.signal.aborted)
      moment.warn(`A background hook could not be recorded: ${toErrorWire(error).message}`)
  }
}

function toAnswer(subject: Subject, handler: HookHandler, result: HandlerResult, moment: Moment): Answer {
  const { call } = subject
  const { hookSpecificOutput: specific } = result.output ?? {}
  if (!call || !specific) return { handler, result }
  const cwd = moment.session.blueprint.workingDir
  const input = specific.updatedInput ?? specific.decision?.updatedInput
  const { updatedToolOutput, updatedMCPToolOutput } = specific
  // Null is a value here: no result at all.
  const output = updatedToolOutput === undefined ? updatedMCPToolOutput : updatedToolOutput
  const hasOutput = output !== undefined && subject.event.startsWith('PostToolUse')
  const hasInput = input !== undefined && !subject.event.startsWith('PostToolUse')
  return {
    handler,
    result,
    ...(hasInput && { updatedInput: toolInputFrom(handler.dialect, call, input, cwd) }),
    ...(hasOutput && { updatedOutput: output }),
  }
}

/** What the log keeps of a run. */
function runOf(subject: Subject, answer: Answer): Omit<HookRun, 'plugin' | 'hook'> {
  const { handler, result } = answer
  const opinion = opinionOf(answer)
  const patch = patchOf(subject.call?.input, answer)
  const output = [result.stdout, result.stderr].filter(Boolean).join('\n')
  const message = result.output?.systemMessage?.trim()
  const detail = opinion?.reason || result.error
  return {
    event: handler.event,
    handler: describeHandler(handler),
    source: handler.source.file,
    status: statusOf(answer),
    durationMs: Math.round(result.durationMs),
    ...(subject.callId !== undefined && { callId: subject.callId }),
    ...(opinion && { decision: opinion.isStop ? 'stop' : opinion.kind }),
    ...(detail && { detail }),
    ...(patch !== undefined && { patch }),
    ...(output !== '' && { output }),
    ...(message && { message }),
  }
}

function statusOf(answer: Answer): HookRun['status'] {
  const { status } = answer.result
  if (status === 'failed' || status === 'timed-out' || status === 'cancelled') return status
  const kind = opinionOf(answer)?.kind
  if (kind === 'deny') return 'denied'
  if (kind === 'ask') return 'asked'
  return answer.updatedInput !== undefined || answer.updatedOutput !== undefined ? 'changed' : 'completed'
}

/** Failures that decide nothing would go unseen otherwise; a cancelled run is nobody's failure. */
function isWorthWarning({ result }: Answer): boolean {
  return result.status === 'failed' || result.status === 'timed-out'
}

function warningOf({ handler, result }: Answer): string {
  const facts = factsOf(handler.event)
  const closes = (handler.onFailure ?? facts.onFailure) === 'deny' ? 'which denies' : 'and is passed over'
  return `The ${handler.event} hook ${describeHandler(handler)} (${handler.source.file}) failed, ${closes}: ${result.error ?? result.status}`
}

function hasFired(hooks: HookSession, id: string): boolean {
  if (hooks.fired.has(id)) return true
  const state = hooks.session.state.plugins.get(PLUGIN_NAME)?.value as
    | { readonly fired?: readonly string[] }
    | undefined
  return state?.fired?.includes(id) ?? false
}

/** The package's name; whose notes `once` is remembered in. */
export const PLUGIN_NAME = '@halter/plugin-hooks'
