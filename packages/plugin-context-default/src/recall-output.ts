import { defineTool, jsonSchema, type SessionStore, type Tool, type ToolOutput } from '@halter/core'
import type { SessionId, SessionState, ToolResultPart, WholePart } from '@halter/protocol'
import { RECALL_TOOL, textOfPart } from './show-message.ts'

interface RecallInput {
  readonly id: string
  readonly offset: number
  readonly limit: number
}

/** Characters of one answer. */
const DEFAULT_LIMIT = 20_000
const MAX_LIMIT = 100_000

/**
 * The tool that shows an output again that was cleared, shortened or compacted away. The log has them all: what is still in the
 * window comes from memory, the rest is looked for in the store.
 */
export function createRecallTool(store: SessionStore): Tool {
  return defineTool({
    name: RECALL_TOOL,
    description:
      'Shows an earlier tool output again that was cleared or shortened to make room. Takes the id that stands in its place, or in ' +
      'a summary. Shows its characters from "offset" on.',
    input: jsonSchema<RecallInput>({
      type: 'object',
      additionalProperties: false,
      properties: {
        id: { type: 'string', minLength: 1, description: 'the id of the output' },
        offset: { type: 'integer', minimum: 0, default: 0, description: 'the first character to show' },
        limit: {
          type: 'integer',
          minimum: 1,
          maximum: MAX_LIMIT,
          default: DEFAULT_LIMIT,
          description: 'characters to show at most',
        },
      },
      required: ['id'],
    }),
    effects: 'none',
    concurrency: 'read-only',
    execute: async (input, { session, sessionId, signal }) => {
      const parts = inWindow(session.state, input.id) ?? (await inLog(store, sessionId, input.id, signal))
      return parts
        ? show(parts, input)
        : fault(`There is no tool output with the id ${JSON.stringify(input.id)}.`)
    },
  })
}

function inWindow({ transcript }: SessionState, id: string): readonly ToolResultPart[] | undefined {
  for (let index = transcript.length - 1; index >= 0; index--) {
    const message = transcript.at(index)!
    if (message.role === 'tool' && message.id === id) return message.parts
  }
  return undefined
}

async function inLog(
  store: SessionStore,
  sessionId: SessionId,
  id: string,
  signal: AbortSignal,
): Promise<readonly ToolResultPart[] | undefined> {
  for await (const event of store.replay(sessionId)) {
    signal.throwIfAborted()
    if (event.type === 'toolCall.finished' && event.messageId === id)
      return Promise.all(event.parts.map((part) => whole(store, part)))
  }
  return undefined
}

/** A large part, as it was before the store put it aside. */
async function whole(store: SessionStore, part: ToolResultPart): Promise<ToolResultPart> {
  if (part.kind !== 'blob') return part
  const content = await store.blobs?.get(part.sha256)
  if (content === undefined) return { kind: 'text', text: `(a ${part.of.kind} that the store has lost)` }
  const { kind, mediaType = 'application/octet-stream' } = part.of
  return kind === 'text' ? { kind, text: content } : { kind, mediaType, data: content }
}

function show(parts: readonly ToolResultPart[], { offset, limit }: RecallInput): ToolOutput {
  const text = parts.flatMap((part) => textOfPart(part) ?? []).join('\n')
  const media = offset === 0 ? parts.filter(isWhole).filter((part) => textOfPart(part) === undefined) : []
  if (text === '') return { parts: media }
  if (offset >= text.length)
    return fault(`The output has ${text.length} characters: there is nothing at ${offset}.`)
  const shown = text.slice(offset, offset + limit)
  const end = offset + shown.length
  const rest = end < text.length ? `; go on with offset ${end}` : ''
  const note = shown === text ? '' : `\n[characters ${offset} to ${end} of ${text.length}${rest}]`
  return { parts: [{ kind: 'text', text: `${shown}${note}` }, ...media] }
}

/** A message in the window, or one that was read from the log, refers to nothing. */
function isWhole(part: ToolResultPart): part is WholePart<ToolResultPart> {
  return part.kind !== 'blob'
}

function fault(text: string): ToolOutput {
  return { parts: [{ kind: 'text', text }], isError: true }
}
