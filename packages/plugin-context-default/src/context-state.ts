import type { Json, MessageId, PluginReducer, SessionState } from '@halter/protocol'

/** The plugin's name, under which its state stands in every session. */
export const PLUGIN = '@halter/plugin-context-default'

/** What the plugin knows of a session beyond its messages: folded from the note that goes with each compaction. */
export interface ContextState {
  /** Which compaction of the session it belongs to, from 1. 0: there was none. */
  readonly compaction: number
  /** Large tool outputs that were stored up to this event are cleared. 0: none. */
  readonly clearedThrough: number
  /** Automatic compactions, in a row and up to now, that did not bring the context down for long. */
  readonly useless: number
  /** `seq` of the newest event when the newest compaction was made. */
  readonly compactedAt: number
  /** The size that it is said to have led to. Tokens. */
  readonly sizeAfter: number
  /** The first prompt, so that it is known when it leaves the window. */
  readonly goal?: { readonly id: MessageId; readonly text: string }
  /** Rules of the user's in their own words, whose messages have left the window. */
  readonly rules: readonly string[]
}

const NOTHING: ContextState = Object.freeze({
  compaction: 0,
  clearedThrough: 0,
  useless: 0,
  compactedAt: 0,
  sizeAfter: 0,
  rules: Object.freeze([]),
})

/** The note that carries a new state. */
export const NOTE = 'compacted'

/** A note comes before its compaction, which may not follow: then the one before is still true. */
interface Noted {
  readonly newest: ContextState
  readonly before: ContextState
}

/** How the state folds. */
export const contextReducer: PluginReducer = Object.freeze({
  version: 1,
  initial: { newest: NOTHING, before: NOTHING } as unknown as Json,
  reduce: (state: Json, { name, data }: { readonly name: string; readonly data: Json }): Json =>
    name === NOTE ? { newest: data, before: (state as { readonly newest: Json }).newest } : state,
})

/**
 * The state of a session: of the newest compaction that it has. `own` is what was noted from here, for a session that does not
 * fold the plugin's notes.
 */
export function contextStateOf({ plugins, compactions }: SessionState, own?: ContextState): ContextState {
  const noted = plugins.get(PLUGIN)?.value as unknown as Noted | undefined
  const isTrue = (state: ContextState | undefined): state is ContextState =>
    state !== undefined && state.compaction <= compactions
  return [noted?.newest, noted?.before, own].find(isTrue) ?? NOTHING
}
