import type { PendingEvent, TurnId } from '@halter/protocol'
import type { ToolCallResult } from '../contracts/hooks.ts'
import type { Activity } from './activity.ts'
import type { RepeatedCalls } from './repeated-calls.ts'
import type { ToolSet } from './tool-set.ts'

/** Where a tool call is made: in a turn by its model, or beside one by a plugin. */
export interface CallSite extends Activity {
  readonly id: TurnId
  readonly tools: ToolSet
  /** The plugin that makes the call; undefined: the model does. */
  readonly caller: string | undefined
  readonly repeatedCalls: RepeatedCalls
  /** Stores an event, after what the site has appended before it. */
  commit(event: PendingEvent): Promise<unknown>
}

/** Tells `toolCall.end` of a call whose end is stored. */
export function announceEnd(site: CallSite, result: ToolCallResult): void {
  if (site.hooks.has('toolCall.end')) void site.hooks.observe('toolCall.end', result, site)
}
