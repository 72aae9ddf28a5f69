import type { Json, StoredEvent, ToolResultPart, Usage } from '@halter/protocol'
import { printableLine } from './printable.ts'

/** What a stored event says, in one line for people. */
export function describeEvent(event: StoredEvent): string {
  return printableLine(say(event))
}

/** Total over the types: a new one does not compile until it has its line. */
function say(event: StoredEvent): string {
  switch (event.type) {
    case 'session.started':
      return `model ${event.blueprint.model}, in ${event.blueprint.workingDir}`
    case 'session.resumed':
      return `interrupted turns: ${event.interrupted}`
    case 'session.forked':
      return `from ${event.from} at ${event.atSeq}`
    case 'session.updated':
      return Object.keys(event)
        .filter((key) => !ENVELOPE.has(key))
        .join(', ')
    case 'session.closed':
      return event.reason
    case 'turn.started':
      return partsText(event.input)
    case 'prompt.refused':
      return event.plugin === undefined ? event.reason : `${event.plugin}: ${event.reason}`
    case 'message.appended':
      return `${event.message.role}: ${partsText(event.message.parts)}`
    case 'toolCall.started':
      return `${describeCall(event.name, event.input)}${forPlugin(event.by)}`
    case 'toolCall.finished': {
      const call = event.call ? ` ${describeCall(event.call.name, event.call.input)}` : ''
      const what = `${event.outcome}${call}${forPlugin(event.by)}`
      return event.parts.length === 0 ? what : `${what}: ${partsText(event.parts)}`
    }
    case 'approval.requested':
      return `${describeCall(event.name, event.input)}${forPlugin(event.by)}${event.reason === undefined ? '' : ` (${event.reason})`}`
    case 'approval.resolved':
      return `${event.answer} by ${event.by}${event.reason === undefined ? '' : `: ${event.reason}`}`
    case 'hook.ran':
      return `${event.run.event ?? event.run.hook} ${event.run.handler}: ${event.run.status}`
    case 'context.injected':
      return `${event.plugin}: ${event.text}`
    case 'compaction.applied':
      return `${event.trigger}, ${event.tokensBefore} to ${event.tokensAfter} tokens`
    case 'model.metadata':
      return event.purpose
    case 'usage.recorded':
      return `${event.model}: ${describeUsage(event.usage)}`
    case 'notification.raised':
      return `${event.kind}: ${event.message}`
    case 'subagent.spawned':
      return `${event.childId}: ${event.task}`
    case 'subagent.settled':
      return `${event.childId}: ${event.outcome}`
    case 'plugin.noted':
      return `${event.plugin} ${event.name}`
    case 'cache.broken':
      return event.plugin === undefined ? event.segment : `${event.segment} (${event.plugin})`
    case 'warning.raised':
      return `${event.code}: ${event.message}`
    case 'turn.completed':
      return `${event.reason}, ${describeUsage(event.usage)}`
    case 'turn.failed':
      return event.error ? `${event.reason}: ${event.error.message}` : event.reason
    default:
      return 'written by a newer version'
  }
}

const ENVELOPE: ReadonlySet<string> = new Set(['sessionId', 'seq', 'at', 'type', 'v'])

/** A call as a person would say it: `read README.md`, or the tool's name with its input. */
export function describeCall(name: string, input: Json | undefined): string {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return name
  const [first, ...rest] = Object.values(input)
  if (typeof first === 'string' && rest.length === 0) return `${name} ${first}`
  if (typeof first === 'string' && MAIN_INPUT.has(Object.keys(input)[0]!)) return `${name} ${first}`
  const text = JSON.stringify(input)
  return text === '{}' ? name : `${name} ${text}`
}

/** Inputs that say enough about a call without their neighbours. */
const MAIN_INPUT: ReadonlySet<string> = new Set(['file_path', 'command', 'pattern', 'path', 'query', 'url'])

/** Tokens, and money where it is known. */
export function describeUsage(usage: Usage): string {
  const { inputTokens, outputTokens, cacheReadTokens, costUsd } = usage
  const cached = cacheReadTokens ? ` (${count(cacheReadTokens)} cached)` : ''
  const cost = costUsd === undefined ? '' : `, $${costUsd.toFixed(4)}`
  return `${count(inputTokens)} tokens in${cached}, ${count(outputTokens)} out${cost}`
}

/** The text of any parts; what is no text is named. */
export function partsText(parts: readonly AnyPart[]): string {
  return parts.map(partText).filter(Boolean).join(' ')
}

type AnyPart =
  | ToolResultPart
  | Extract<StoredEvent<'message.appended'>['message'], { role: 'assistant' }>['parts'][number]
  | Extract<StoredEvent<'message.appended'>['message'], { role: 'user' }>['parts'][number]

function partText(part: AnyPart): string {
  switch (part.kind) {
    case 'text':
      return part.text
    case 'thinking':
      return `[thinking: ${part.text.length} characters]`
    case 'toolCall':
      return `[${describeCall(part.name, part.input)}]`
    case 'json':
      return JSON.stringify(part.value)
    case 'native':
      return part.fallbackText === '' ? `[${part.provider}]` : part.fallbackText
    case 'blob':
      return `[${part.of.kind}, ${count(part.bytes)} bytes]`
    default:
      return `[${part.kind}, ${part.mediaType}]`
  }
}

/** `1,234,567`; not `toLocaleString`, which takes 4 ms at its first call. */
function count(number: number): string {
  return String(number).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

/** Whose call it is, where it is not the model's. */
function forPlugin(by: string | undefined): string {
  return by === undefined ? '' : ` (for ${by})`
}
