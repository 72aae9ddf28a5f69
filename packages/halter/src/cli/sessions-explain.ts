import { toolCallsOf, type HookRun, type Json, type StoredEvent, type ToolCallId } from '@halter/protocol'
import type { OptionValues } from './command-spec.ts'
import type { SESSIONS_EXPLAIN } from './commands/sessions.ts'
import { describeCall, describeEvent, partsText } from './describe-event.ts'
import { findSession } from './find-session.ts'
import { openRuntime } from './open-runtime.ts'
import type { Output } from './output.ts'
import { printableLine } from './printable.ts'
import { UsageError } from './usage-error.ts'

/** Why something went as it did, in the order in which it happened. */
export interface Explanation {
  readonly about: string
  readonly steps: readonly ExplainedStep[]
}

/** One cause, and who it was. */
export interface ExplainedStep {
  readonly seq: number
  readonly what: string
  readonly run?: HookRun
}

/** `halter sessions explain`: why a call was blocked or changed, by which handler of which file. */
export async function explainEvent(
  options: OptionValues<(typeof SESSIONS_EXPLAIN)['options']>,
  [id, wanted]: readonly string[],
  output: Output,
): Promise<number> {
  const { runtime } = await openRuntime(options, output)
  try {
    const { sessionId } = await findSession(runtime, id!)
    const events: StoredEvent[] = []
    for await (const event of runtime.replay(sessionId)) events.push(event)
    const explanation = explain(events, wanted!)
    if (!explanation)
      throw new UsageError(
        `Session ${sessionId} has no event ${wanted}. halter sessions replay ${sessionId} shows them, with their numbers.`,
      )
    if (options.json) output.json(explanation)
    else output.data(describe(explanation))
    return 0
  } finally {
    await runtime.shutdown()
  }
}

/** What led to an event, by its number or by the id of a tool call; undefined when there is none. */
export function explain(events: readonly StoredEvent[], wanted: string): Explanation | undefined {
  const event = events.find(({ seq }) => String(seq) === wanted)
  const callId = event ? callOf(event) : events.some((each) => callOf(each) === wanted) ? wanted : undefined
  if (callId !== undefined) return explainCall(events, callId)
  return event && explainOther(events, event)
}

function explainCall(events: readonly StoredEvent[], callId: ToolCallId): Explanation {
  const asked = askedFor(events, callId)
  const steps = events.flatMap((event) => (callOf(event) === callId ? stepOf(event, asked?.input) : []))
  const first = asked && { seq: asked.seq, what: `the model called ${describeCall(asked.name, asked.input)}` }
  const ordered = [...(first ? [first] : []), ...steps].toSorted((a, b) => a.seq - b.seq)
  return { about: `call ${callId}`, steps: ordered }
}

/** The turn's hooks before it: what is not about a call has no other tie. */
function explainOther(events: readonly StoredEvent[], event: StoredEvent): Explanation {
  const turnId = 'turnId' in event ? event.turnId : undefined
  const before = events.filter(
    (each) => each.seq < event.seq && each.type === 'hook.ran' && callOf(each) === undefined,
  )
  const meant =
    turnId === undefined ? before : before.filter((each) => 'turnId' in each && each.turnId === turnId)
  const steps = [...meant, ...(event.type === 'hook.ran' ? [event] : [])].flatMap((each) =>
    stepOf(each, undefined),
  )
  const last = { seq: event.seq, what: `${event.type}: ${describeEvent(event)}` }
  return { about: `event ${event.seq}`, steps: event.type === 'hook.ran' ? steps : [...steps, last] }
}

function callOf(event: StoredEvent): ToolCallId | undefined {
  switch (event.type) {
    case 'hook.ran':
      return event.run.callId
    case 'toolCall.started':
    case 'toolCall.finished':
    case 'approval.requested':
    case 'approval.resolved':
      return event.callId
    default:
      return undefined
  }
}

interface AskedCall {
  readonly seq: number
  readonly name: string
  readonly input: Json | undefined
}

/** As the model wrote it, before anybody changed it. */
function askedFor(events: readonly StoredEvent[], callId: ToolCallId): AskedCall | undefined {
  for (const event of events) {
    if (event.type !== 'message.appended' || event.message.role !== 'assistant') continue
    const call = toolCallsOf(event.message).find((each) => each.callId === callId)
    // Hooks ran before the reply was stored: what was asked for comes first all the same.
    if (call) return { seq: 0, name: call.name, input: call.input }
  }
  return undefined
}

function stepOf(event: StoredEvent, asked: Json | undefined): ExplainedStep[] {
  const { seq } = event
  switch (event.type) {
    case 'hook.ran':
      return [{ seq, what: describeRun(event.run), run: event.run }]
    case 'toolCall.started': {
      const isChanged = asked !== undefined && JSON.stringify(asked) !== JSON.stringify(event.input)
      return [
        {
          seq,
          what: `it ran as ${describeCall(event.name, event.input)}${isChanged ? ', which is not what the model wrote' : ''}`,
        },
      ]
    }
    case 'toolCall.finished':
      return [{ seq, what: `it ended: ${event.outcome}. The model read: ${partsText(event.parts)}` }]
    case 'approval.requested':
      return [
        {
          seq,
          what: `a yes was asked for, by ${event.plugin ?? 'the tool'}${event.reason === undefined ? '' : `: ${event.reason}`}`,
        },
      ]
    case 'approval.resolved':
      return [
        {
          seq,
          what: `${event.by} answered ${event.answer}${event.reason === undefined ? '' : `: ${event.reason}`}`,
        },
      ]
    default:
      return []
  }
}

function describeRun(run: HookRun): string {
  const { event, hook, handler, source, plugin, status, decision, detail, patch, message } = run
  const word =
    decision === undefined || decision === STATUS_WORDS[status] ? status : `${status} (${decision})`
  const parts = [
    `${event ?? hook} hook ${word}${detail === undefined ? '' : `: ${detail}`}`,
    `handler ${handler}`,
    `file ${source ?? plugin}`,
    ...(patch === undefined ? [] : [`patch ${JSON.stringify(patch)}`]),
    ...(message === undefined ? [] : [`said "${message}"`]),
  ]
  return parts.join('\n')
}

const STATUS_WORDS: Partial<Readonly<Record<HookRun['status'], string>>> = { denied: 'deny', asked: 'ask' }

function describe({ about, steps }: Explanation): string {
  if (steps.length === 0) return `${about}: nothing is known of it\n`
  const lines = steps.flatMap(({ seq, what }) => {
    const [first, ...rest] = what.split('\n')
    const number = seq === 0 ? '' : String(seq)
    return [`${number.padStart(6)}  ${first}`, ...rest.map((line) => `${' '.repeat(10)}${line}`)]
  })
  return [about, ...lines].map((line) => `${printableLine(line)}\n`).join('')
}
