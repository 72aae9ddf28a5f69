import { HalterError, type SessionPort } from '@halter/core'
import type { Json } from '@halter/protocol'
import { ask, matching } from './dispatch.ts'
import { describeHandler } from './describe-handler.ts'
import { factsOf, findHookEvent, type HookEventName } from './hook-events.ts'
import type { HandlerStatus, HandlerType, HookHandler } from './hook-handler.ts'
import type { HookServices, Moment } from './hook-services.ts'
import { HookSession } from './hook-session.ts'
import { aboutCall, finalRound, firstRound } from './judge-call.ts'
import type { JsonObject } from './json.ts'
import { clip, mergeAnswers, opinionOf, type Answer, type Merged } from './merge-answers.ts'
import { patchOf } from './patch.ts'
import { observed } from './subject.ts'
import { ourToolName } from './tool-dialect.ts'

/** A handler, for people. */
export interface ListedHandler {
  readonly id: string
  readonly event: HookEventName
  readonly type: HandlerType
  /** The command, the address, the beginning of the prompt: as `hook.ran` names it. */
  readonly handler: string
  readonly matcher?: string
  readonly if?: string
  /** The file that declares it. */
  readonly source: string
  readonly layer: HookHandler['source']['layer']
  readonly dialect: HookHandler['dialect']
  readonly timeoutMs: number
  /** What its author says it does. */
  readonly statusMessage?: string
  readonly isAsync: boolean
  readonly once: boolean
  /** What its failure decides; absent: nothing. */
  readonly onFailure?: 'deny' | 'ask' | 'allow'
  /** False: nothing here is a moment for its event, and it never runs. */
  readonly isDispatched: boolean
}

/** Everything that a turn of a session would use now, in order. */
export interface HookListing {
  readonly handlers: readonly ListedHandler[]
  readonly warnings: readonly string[]
}

/** Something that handlers are to be tried on. */
export interface HookTrial {
  /** In any case style. */
  readonly event: string
  /** For tool events, by any name of the tool. */
  readonly tool?: string
  readonly input?: Json
  /** Fields of the payload beside those, and the value that matchers are tested against. */
  readonly fields?: JsonObject
}

/** What one handler said in a trial. */
export interface TrialAnswer {
  readonly id: string
  readonly handler: string
  readonly source: string
  readonly status: HandlerStatus
  readonly decision?: 'deny' | 'ask' | 'allow' | 'stop'
  readonly reason?: string
  readonly patch?: Json
  readonly context?: string
  readonly message?: string
  readonly output?: string
  readonly exitCode?: number
  readonly durationMs: number
}

/** What a trial came to. */
export interface TrialOutcome {
  readonly event: HookEventName
  readonly answers: readonly TrialAnswer[]
  /** `none`: nobody had an opinion. */
  readonly decision: 'deny' | 'ask' | 'allow' | 'none'
  readonly reason?: string
  /** Whose word it is. */
  readonly by?: string
  /** What the input would have become. */
  readonly patch?: Json
  readonly conflicts: readonly string[]
}

/** Slot `hookHandlers`: what looks at handlers without a session's turn. */
export interface HookHandlers {
  /** Runs nothing. */
  list(session: Pick<SessionPort, 'blueprint' | 'resources'>): Promise<HookListing>
  /** Runs what is meant, for real, and does nothing with what it says. @throws HalterError `ERR_HOOK_UNKNOWN`. */
  test(session: SessionPort, trial: HookTrial, signal: AbortSignal): Promise<TrialOutcome>
}

declare module '@halter/core' {
  interface Services {
    hookHandlers: HookHandlers
  }
}

/** The slot's filler. */
export function createHookHandlers(services: HookServices): HookHandlers {
  return {
    async list(session) {
      // A plan is made from these two alone.
      const { hooks, moment, warnings } = look(services, session as SessionPort, new AbortController().signal)
      await hooks.planFor(moment)
      const planned = hooks.plan.warnings.map(({ source, message }) => `${source.file}: ${message}.`)
      return {
        handlers: hooks.plan.handlers.map(({ handler }) => listed(handler)),
        warnings: [...new Set([...planned, ...warnings])],
      }
    },
    async test(session, trial, signal) {
      const { hooks, moment } = look(services, session, signal)
      const event = findHookEvent(trial.event)
      if (!event)
        throw new HalterError(
          'ERR_HOOK_UNKNOWN',
          `There is no hook event "${trial.event}". \`halter hooks list\` names those of your files.`,
        )
      await hooks.planFor(moment)
      return trial.tool !== undefined && factsOf(event).matcher === 'tool_name'
        ? tryCall(hooks, event, trial, moment)
        : tryEvent(hooks, event, trial, moment)
    },
  }
}

function look(
  services: HookServices,
  session: SessionPort,
  signal: AbortSignal,
): { readonly hooks: HookSession; readonly moment: Moment; readonly warnings: readonly string[] } {
  const warnings: string[] = []
  const hooks = new HookSession(services, session, async () => new Set())
  const moment = {
    session,
    turnId: undefined,
    signal,
    warn: (message: string) => void warnings.push(message),
  }
  return { hooks, moment, warnings }
}

function listed(handler: HookHandler): ListedHandler {
  const { id, event, type, matcher, source, dialect, timeoutMs, isAsync, once } = handler
  const onFailure = handler.onFailure ?? factsOf(event).onFailure
  return {
    id,
    event,
    type,
    handler: describeHandler(handler),
    ...(matcher !== undefined && { matcher }),
    ...(handler.if !== undefined && { if: handler.if }),
    source: source.file,
    layer: source.layer,
    dialect,
    timeoutMs,
    ...(handler.statusMessage !== undefined && { statusMessage: handler.statusMessage }),
    isAsync,
    once,
    ...(onFailure && { onFailure }),
    isDispatched: !factsOf(event).isNeverDispatched,
  }
}

async function tryCall(
  hooks: HookSession,
  event: HookEventName,
  { tool, input = {}, fields = {} }: HookTrial,
  moment: Moment,
): Promise<TrialOutcome> {
  const call = { callId: 'call-test', name: ourToolName(tool!), input }
  if (event !== 'PreToolUse') {
    const subject = aboutCall(hooks, event, call, () => fields)
    const answers = await ask(hooks, subject, matching(hooks, subject), moment)
    return outcomeOf(event, answers, mergeAnswers(answers), input)
  }
  const first = await firstRound(hooks, call, moment)
  const final = first?.rewritten ?? call
  const { merged, again } = await finalRound(hooks, final, first, moment)
  const answers = [...(first?.answers ?? []), ...again]
  return outcomeOf(event, answers, { ...mergeAnswers(answers), ...merged }, input)
}

async function tryEvent(
  hooks: HookSession,
  event: HookEventName,
  { fields = {} }: HookTrial,
  moment: Moment,
): Promise<TrialOutcome> {
  const key = factsOf(event).matcher
  const matched = key === undefined ? undefined : fields[key]
  const subject = observed(event, typeof matched === 'string' ? [matched] : [], fields)
  const answers = await ask(hooks, subject, matching(hooks, subject), moment)
  return outcomeOf(event, answers, mergeAnswers(answers), undefined)
}

function outcomeOf(
  event: HookEventName,
  answers: readonly Answer[],
  merged: Merged,
  input: Json | undefined,
): TrialOutcome {
  const { verdict, conflicts } = merged
  const winner = answers.find(({ updatedInput }) => updatedInput !== undefined)
  const patch = winner && verdict?.kind !== 'deny' ? patchOf(input, winner) : undefined
  return {
    event,
    answers: answers.map((answer) => answered(answer, input)),
    decision: verdict?.kind ?? 'none',
    ...(verdict?.reason && { reason: verdict.reason }),
    ...(verdict && { by: verdict.handler.id }),
    ...(patch !== undefined && { patch }),
    conflicts: conflicts.map(({ field, winner: first, loser }) => `${field}: ${first.id} before ${loser.id}`),
  }
}

function answered(answer: Answer, input: Json | undefined): TrialAnswer {
  const { handler, result } = answer
  const opinion = opinionOf(answer)
  const patch = patchOf(input, answer)
  const output = [result.stdout, result.stderr].filter(Boolean).join('\n')
  const reason = opinion?.reason || result.error
  const context = clip(result.output?.hookSpecificOutput?.additionalContext)
  const message = clip(result.output?.systemMessage)
  return {
    id: handler.id,
    handler: describeHandler(handler),
    source: handler.source.file,
    status: result.status,
    ...(opinion && { decision: opinion.isStop ? ('stop' as const) : opinion.kind }),
    ...(reason && { reason }),
    ...(patch !== undefined && { patch }),
    ...(context !== undefined && { context }),
    ...(message !== undefined && { message }),
    ...(output !== '' && { output }),
    ...(result.exitCode !== undefined && { exitCode: result.exitCode }),
    durationMs: Math.round(result.durationMs),
  }
}
