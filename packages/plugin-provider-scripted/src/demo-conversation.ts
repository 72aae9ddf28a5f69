import { textOf, toolCallsOf, type Message, type ToolMessage, type Transcript } from '@halter/protocol'
import type { SeenFile } from './demo-files.ts'

/** What the demo model makes of a transcript. */
export interface Conversation {
  /** The newest prompt. */
  readonly prompt: string
  /** The prompt before that one; absent in the first turn. */
  readonly previous: string | undefined
  /** What `glob` returned, in any turn. */
  readonly listing: string | undefined
  /** Every file that `read` returned, oldest first. */
  readonly reads: readonly SeenFile[]
  /** The one of this turn. */
  readonly readNow: SeenFile | undefined
  /** The newest call of this turn, when it failed. */
  readonly failedCall: { readonly name: string; readonly text: string } | undefined
}

/** Newest messages that are looked at: a demo need not remember more. */
const MAX_LOOK = 400

/** Reads a transcript, of which the newest few hundred messages count. */
export function readConversation(messages: Transcript): Conversation {
  const known = messages.slice(-MAX_LOOK)
  const prompts = known.filter((message) => message.role === 'user' && message.origin === undefined)
  const now = prompts.length > 0 ? known.slice(known.lastIndexOf(prompts.at(-1)!)) : known
  const newest = now.at(-1)
  const results = resultsOf(known)
  const reads = results.filter(isRead).map(seenFile)
  const nowReads = resultsOf(now).filter(isRead)
  return {
    prompt: textOf(prompts.at(-1) ?? { parts: [] }),
    previous: prompts.length > 1 ? textOf(prompts.at(-2)!) : undefined,
    listing: results.findLast(({ message }) => message.name === 'glob' && !message.isError)?.text,
    reads,
    readNow: nowReads.length > 0 ? reads.at(-1) : undefined,
    failedCall:
      newest?.role === 'tool' && newest.isError ? { name: newest.name, text: textOf(newest) } : undefined,
  }
}

interface Result {
  readonly message: ToolMessage
  readonly text: string
  readonly input: unknown
}

function resultsOf(messages: readonly Message[]): readonly Result[] {
  const inputs = new Map<string, unknown>()
  return messages.flatMap((message) => {
    if (message.role === 'assistant')
      for (const call of toolCallsOf(message)) inputs.set(call.callId, call.input)
    if (message.role !== 'tool') return []
    return [{ message, text: textOf(message), input: inputs.get(message.callId) }]
  })
}

function isRead({ message, input }: Result): boolean {
  return message.name === 'read' && !message.isError && pathOf(input) !== undefined
}

function seenFile({ text, input }: Result): SeenFile {
  return { path: pathOf(input)!, text }
}

function pathOf(input: unknown): string | undefined {
  const path = (input as { readonly file_path?: unknown } | null | undefined)?.file_path
  return typeof path === 'string' ? path : undefined
}
