import type { ModelPart } from '@halter/core'
import type { ScriptedError, ScriptedReply, ScriptedToolCall } from './script.ts'

/** A reply as the parts of a stream, made once and streamed as often as it is used. */
export interface CompiledReply {
  /** Without what differs from call to call: ids of tool calls, and usage, whose place is before `end`. */
  readonly parts: readonly ModelPart[]
  readonly usage: ScriptedReply['usage']
  readonly delayMs: number
  /** The call ends with this instead of an `end`. */
  readonly failure?: ScriptedError
  /** Characters of text, thinking and tool input. */
  readonly length: number
}

/** The id of a tool call that gets its real one when it is streamed. */
export const OPEN_CALL_ID = ''

/** Makes the parts of a reply. */
export function compileReply(reply: ScriptedReply): CompiledReply {
  const parts = [...besides(reply), ...thinking(reply), ...text(reply), ...toolCalls(reply)]
  const stopReason = reply.stopReason ?? (reply.toolCalls?.length ? 'tool-calls' : 'end')
  const failure = failureOf(reply)
  return {
    parts: failure ? parts : [...parts, { type: 'end', stopReason }],
    usage: reply.usage,
    delayMs: reply.delayMs ?? 0,
    ...(failure && { failure }),
    length: parts.reduce((sum, part) => sum + ('text' in part ? part.text.length : 0), 0),
  }
}

function besides({ warning, metadata }: ScriptedReply): ModelPart[] {
  return [
    ...(warning === undefined ? [] : [{ type: 'warning' as const, message: warning }]),
    ...(metadata === undefined ? [] : [{ type: 'metadata' as const, data: metadata }]),
  ]
}

function thinking(reply: ScriptedReply): ModelPart[] {
  if (reply.thinking === undefined) return []
  const id = 'thinking'
  const deltas = [reply.thinking].flat().map((text) => ({ type: 'thinking.delta' as const, id, text }))
  return [{ type: 'thinking.start', id }, ...deltas, { type: 'thinking.end', id }]
}

function text(reply: ScriptedReply): ModelPart[] {
  if (reply.text === undefined) return []
  const id = 'text'
  const deltas = [reply.text].flat().map((text) => ({ type: 'text.delta' as const, id, text }))
  return [{ type: 'text.start', id }, ...deltas, { type: 'text.end', id }]
}

function toolCalls(reply: ScriptedReply): ModelPart[] {
  return (reply.toolCalls ?? []).flatMap((call, index): ModelPart[] => {
    const id = `call-${index}`
    const deltas = inputPieces(call).map((text) => ({ type: 'toolInput.delta' as const, id, text }))
    return [
      { type: 'toolInput.start', id, callId: call.id ?? OPEN_CALL_ID, name: call.name },
      ...deltas,
      { type: 'toolInput.end', id },
    ]
  })
}

/** The input's text in about three pieces, none of which ends inside a character. */
function inputPieces({ input = {}, rawInput }: ScriptedToolCall): readonly string[] {
  const characters = Array.from(rawInput ?? JSON.stringify(input))
  const size = Math.max(1, Math.ceil(characters.length / 3))
  return Array.from({ length: Math.ceil(characters.length / size) }, (_, index) =>
    characters.slice(index * size, (index + 1) * size).join(''),
  )
}

function failureOf({ error }: ScriptedReply): ScriptedError | undefined {
  return typeof error === 'string' ? { kind: 'invalid-request', message: error } : error
}
