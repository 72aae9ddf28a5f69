import { toolCallsOf, type Message, type ToolCallId } from '@halter/protocol'

/**
 * Where a compaction cuts: the messages before this index leave, and the newest prompt is among those that stay. 0: there is
 * nothing worth replacing. No call is parted from its result.
 */
export function findCut(messages: readonly Message[]): number {
  let cut = messages.findLastIndex(isPrompt)
  for (let open = firstOpenReply(messages, cut); open !== undefined; open = firstOpenReply(messages, cut))
    cut = open
  const isOnlySummaries = messages.slice(0, Math.max(0, cut)).every(isSummary)
  return isOnlySummaries ? 0 : cut
}

/** What a person said, to begin a turn or to steer one. */
function isPrompt(message: Message): boolean {
  return message.role === 'user' && (message.origin === undefined || message.origin === 'steer')
}

function isSummary(message: Message): boolean {
  return message.role === 'user' && message.origin === 'compaction'
}

/** The first reply before `cut` that has a call without a result before `cut`. */
function firstOpenReply(messages: readonly Message[], cut: number): number | undefined {
  const open = new Map<ToolCallId, number>()
  for (const [index, message] of messages.slice(0, Math.max(0, cut)).entries()) {
    if (message.role === 'assistant') for (const { callId } of toolCallsOf(message)) open.set(callId, index)
    else if (message.role === 'tool') open.delete(message.callId)
  }
  return open
    .values()
    .reduce<number | undefined>((first, index) => Math.min(first ?? index, index), undefined)
}
