import type { StoredEvent } from '@halter/protocol'
import { describeEvent } from '../describe-event.ts'
import type { Look } from './turn-view.ts'

/** A line about something that happened beside messages and calls. */
export interface Remark {
  readonly text: string
  readonly look: Look
}

/** What is said about an event; undefined: nothing. */
export function remarkOn(event: StoredEvent): Remark | undefined {
  switch (event.type) {
    case 'prompt.refused':
      return { text: `The prompt was refused: ${event.reason}`, look: 'yellow' }
    case 'warning.raised':
      return { text: `Warning: ${event.message}`, look: 'yellow' }
    case 'notification.raised':
      return { text: `${event.kind}: ${event.message}`, look: 'yellow' }
    case 'compaction.applied': {
      const { tokensBefore, tokensAfter } = event
      return { text: `The context was compacted: ${tokensBefore} to ${tokensAfter} tokens.`, look: 'dim' }
    }
    case 'hook.ran':
      return event.run.status === 'completed'
        ? undefined
        : { text: `Hook ${describeEvent(event)}`, look: 'dim' }
    case 'subagent.spawned':
      return { text: `◆ subagent ${event.agent ?? ''}: ${event.task}`, look: 'cyan' }
    case 'subagent.settled':
      return { text: `◆ subagent ${event.outcome}`, look: 'cyan' }
    case 'cache.broken':
      return { text: `The stable part of the prompt changed: ${describeEvent(event)}.`, look: 'dim' }
    default:
      return undefined
  }
}
