// The live messages of a log, found slowly and by the book: an oracle for the fold, and what the log player looks at.
import type { Message, SeqRange, StoredEvent, ToolCallPart, ToolMessage } from '../../src/index.ts'

/** A message with the results that belong to it. */
export interface Block {
  readonly seq: number
  /** `seq` of the turn's start, or of the compaction that left the summary: what a cut takes together. */
  readonly group: number
  readonly message: Message
  readonly calls: readonly ToolCallPart[]
  /** By call id; the first answer counts. */
  readonly answers: Map<string, { readonly seq: number; readonly message: ToolMessage }>
}

/** What is live at the end of `events`, in transcript order. */
export function blocksOf(events: readonly StoredEvent[]): readonly Block[] {
  let blocks: Block[] = []
  let group = 0
  for (const event of events) {
    if (event.type === 'turn.started') group = event.seq
    if (event.type === 'message.appended') blocks.push(blockOf(event.seq, group, event.message))
    if (event.type === 'toolCall.finished') answer(blocks, event)
    if (event.type === 'compaction.applied') blocks = cut(blocks, event)
  }
  return blocks
}

/** The messages of `blocks`: a result is shown once every earlier call of its reply has one. */
export function messagesOf(blocks: readonly Block[]): readonly { seq: number; message: Message }[] {
  return blocks.flatMap(({ seq, message, calls, answers }) => {
    const firstOpen = calls.findIndex(({ callId }) => !answers.has(callId))
    const shown = firstOpen === -1 ? calls : calls.slice(0, firstOpen)
    return [{ seq, message }, ...shown.map(({ callId }) => answers.get(callId)!)]
  })
}

/** Every `seq` that stored something of a block. */
export function seqsOf({ seq, answers }: Block): readonly number[] {
  return [seq, ...Array.from(answers.values(), (each) => each.seq)]
}

/** Calls that have no answer yet, with whether their intent is stored. */
export function openCallsOf(
  events: readonly StoredEvent[],
): readonly { callId: string; isStarted: boolean }[] {
  return blocksOf(events).flatMap(({ seq, calls, answers }) =>
    calls
      .filter(({ callId }) => !answers.has(callId))
      .map(({ callId }) => ({
        callId,
        isStarted: events.some(
          (event) => event.type === 'toolCall.started' && event.seq > seq && event.callId === callId,
        ),
      })),
  )
}

/** The turn that has started and not ended. */
export function openTurnOf(events: readonly StoredEvent[]): string | undefined {
  const newest = events.findLast(({ type }) => /^turn\.(started|completed|failed)$/.test(type))
  return newest?.type === 'turn.started' ? newest.turnId : undefined
}

function blockOf(seq: number, group: number, message: Message): Block {
  const parts: readonly { readonly kind: string }[] = message.role === 'assistant' ? message.parts : []
  const calls = parts.filter((part): part is ToolCallPart => part.kind === 'toolCall')
  return { seq, group, message, calls, answers: new Map() }
}

function answer(blocks: readonly Block[], event: StoredEvent<'toolCall.finished'>): void {
  const block = blocks.findLast(({ calls }) => calls.some(({ callId }) => callId === event.callId))
  if (!block || block.answers.has(event.callId)) return
  const { name } = block.calls.find(({ callId }) => callId === event.callId)!
  const { messageId: id, at, callId, parts, outcome, seq } = event
  block.answers.set(callId, {
    seq,
    message: { role: 'tool', id, at, callId, name, parts, isError: outcome !== 'ok' },
  })
}

function cut(blocks: readonly Block[], event: StoredEvent<'compaction.applied'>): Block[] {
  const leaves = (block: Block) =>
    block.answers.size === block.calls.length && seqsOf(block).some((seq) => isIn(event.droppedSeqs, seq))
  const place = Math.max(blocks.findIndex(leaves), 0)
  const kept = blocks.filter((block) => !leaves(block))
  const { summary, native, seq, at } = event
  if (summary === '' && !native) return kept
  const part = native
    ? { kind: 'native' as const, provider: native.provider, data: native.data, fallbackText: summary }
    : { kind: 'text' as const, text: summary }
  const message: Message = { role: 'user', id: `compaction-${seq}`, at, parts: [part], origin: 'compaction' }
  return kept.toSpliced(place, 0, blockOf(seq, seq, message))
}

function isIn(ranges: readonly SeqRange[], seq: number): boolean {
  return ranges.some(({ from, to }) => from <= seq && seq <= to)
}
