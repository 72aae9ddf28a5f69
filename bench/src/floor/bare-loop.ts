import type { AssistantMessage, AssistantPart, Json, Message } from '@halter/protocol'
import type { BenchModel } from '../model.ts'

/** A tool, as a loop without validation calls it. */
export type BareTool = (input: Json) => Promise<string>

/** Told of every message that would have to be stored before the loop goes on. */
export type Keep = (messages: readonly Message[]) => void

interface BareCall {
  readonly callId: string
  readonly name: string
  json: string
}

/**
 * The floor: what anybody would write by hand. Provider stream → message array → tools → next step. No validation, hooks,
 * deadlines, aborts, events or errors. Yields the deltas to its one reader. `keep` is called where a loop that must survive
 * its process has to store: the reply and its intents before a tool runs, the results after.
 */
export async function* bareTurn(
  model: BenchModel,
  messages: Message[],
  input: string,
  tool: BareTool,
  keep?: Keep,
): AsyncGenerator<string> {
  messages.push({
    role: 'user',
    id: nextId(messages),
    at: Date.now(),
    parts: [{ kind: 'text', text: input }],
  })
  keep?.(messages.slice(-1))
  for (;;) {
    let text = ''
    const calls = new Map<string, BareCall>()
    for await (const part of model.stream({ messages })) {
      if (part.type === 'text.delta') {
        text += part.text
        yield part.text
      } else if (part.type === 'toolInput.start') {
        calls.set(part.id, { callId: part.callId, name: part.name, json: '' })
      } else if (part.type === 'toolInput.delta') {
        calls.get(part.id)!.json += part.text
      }
    }
    const reply = replyOf(nextId(messages), text, calls)
    messages.push(reply)
    keep?.([reply])
    if (calls.size === 0) return
    const results = await Promise.all(reply.parts.map((part) => runTool(part, tool, nextId(messages))))
    messages.push(...results)
    keep?.(results)
  }
}

function replyOf(id: string, text: string, calls: ReadonlyMap<string, BareCall>): AssistantMessage {
  const parts: AssistantPart[] = text === '' ? [] : [{ kind: 'text', text }]
  for (const { callId, name, json } of calls.values())
    parts.push({ kind: 'toolCall', callId, name, input: JSON.parse(json) as Json })
  const stopReason = calls.size === 0 ? 'end' : 'tool-calls'
  return {
    role: 'assistant',
    id,
    at: Date.now(),
    parts,
    stopReason,
    from: { provider: 'bench', model: 'bench' },
  }
}

async function runTool(part: AssistantPart, tool: BareTool, id: string): Promise<Message> {
  if (part.kind !== 'toolCall') throw new Error(`a ${part.kind} is no call`)
  const { callId, name, input } = part
  const text = await tool(input!)
  return { role: 'tool', id, at: Date.now(), callId, name, parts: [{ kind: 'text', text }], isError: false }
}

function nextId(messages: readonly Message[]): string {
  return `m${messages.length}`
}
