import type { PendingEvent, PromptSegment } from '@halter/protocol'
import type { Turn } from './turn.ts'

/** The system prompt that a session sent last: providers keep it in their caches as long as it stays the same. */
class SentPrefix {
  segments: readonly PromptSegment[] | undefined
}

/**
 * Records `cache.broken` when the system prompt of a turn's model call is not that of the session's call before it, in this
 * process. It names the first segment that changed, came or went, and the plugin whose segment it is.
 */
export function watchPrefix(turn: Turn, system: readonly PromptSegment[]): void {
  const sent = turn.session.resource('prefix', () => new SentPrefix())
  const before = sent.segments
  sent.segments = system
  const broken = before && before !== system && firstChange(before, system)
  if (!broken) return
  const { id: segment, plugin } = broken
  const event: PendingEvent<'cache.broken'> = {
    type: 'cache.broken',
    segment,
    ...(plugin !== undefined && { plugin }),
  }
  turn.append(event)
}

/** By their texts, which are what is sent. */
function firstChange(
  before: readonly PromptSegment[],
  now: readonly PromptSegment[],
): PromptSegment | undefined {
  const shared = Math.min(before.length, now.length)
  let at = 0
  while (at < shared && before[at]!.text === now[at]!.text) at += 1
  const was = before[at]
  const is = now[at]
  const isGone = was !== undefined && !now.some(({ id }) => id === was.id)
  return isGone ? was : is
}
