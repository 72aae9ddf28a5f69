import type { Message } from '@halter/protocol'

/** How much a message says, from the least to the most. */
export const SIGNALS = Object.freeze(['very-low', 'low', 'normal', 'high', 'very-high', 'anchor'] as const)
/** How much a message says. An `anchor` is never left out, nor is anything `very-high`. */
export type Signal = (typeof SIGNALS)[number]

/**
 * How much a message says: what the user asked is an anchor; what the model said or thought is `very-high`, its bare calls are
 * `normal`; a result is `high` from `read`, `normal` from any other tool, `low` when it failed, `very-low` when it is empty. Text
 * that hooks and plugins put in is `high`, an earlier summary `very-high`.
 */
export function scoreMessage(message: Message): Signal {
  switch (message.role) {
    case 'user':
      if (message.origin === 'compaction') return 'very-high'
      return message.origin === undefined || message.origin === 'steer' ? 'anchor' : 'high'
    case 'assistant':
      return message.parts.some(
        (part) => (part.kind === 'text' || part.kind === 'thinking') && part.text !== '',
      )
        ? 'very-high'
        : 'normal'
    case 'tool':
      if (message.isError) return 'low'
      if (message.parts.length === 0) return 'very-low'
      return message.name === 'read' ? 'high' : 'normal'
  }
}

/** Negative when `a` says less than `b`. */
export function compareSignals(a: Signal, b: Signal): number {
  return SIGNALS.indexOf(a) - SIGNALS.indexOf(b)
}
