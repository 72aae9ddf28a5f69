import type { Json, MessageId, PluginReducer, SessionState } from '@halter/protocol'

/** The plugin's name, under which its state stands in every session. */
export const PLUGIN = '@halter/plugin-context-default'

/** What the plugin knows of a session beyond its messages: folded from the note that goes with each compaction. */
export interface ContextState {
  /** Large tool outputs that were stored up to this event are cleared. 0: none. */
  readonly clearedThrough: number
  /** Automatic compactions, in a row and up to now, that did not bring the context down for long. */
  readonly useless: number
  /** `seq` of the newest event when the newest compaction was made. 0: there was none. */
  readonly compactedAt: number
  /** The size that it is said to have led to. Tokens. */
  readonly sizeAfter: number
  /** The first prompt, so that it is known when it leaves the window. */
  readonly goal?: { readonly id: MessageId; readonly text: string }
  /** Rules of the user's in their own words, whose messages have left the window. */
  readonly rules: readonly string[]
}

const NOTHING: ContextState = Object.freeze({
  clearedThrough: 0,
  useless: 0,
  compactedAt: 0,
  sizeAfter: 0,
  rules: Object.freeze([]),
})

/** The note that carries a new state. */
export const NOTE = 'compacted'

/** How the state folds. */
export const contextReducer: PluginReducer = Object.freeze({
  version: 1,
  initial: NOTHING as unknown as Json,
  reduce: (state: Json, { name, data }: { readonly name: string; readonly data: Json }) =>
    name === NOTE ? data : state,
})

/** The state of a session. */
export function contextStateOf({ plugins }: SessionState): ContextState {
  return (plugins.get(PLUGIN)?.value as unknown as ContextState | undefined) ?? NOTHING
}
