import type { ContextInput } from '@halter/core'
import type { CompactionTrigger, Transcript } from '@halter/protocol'
import type { ContextState } from './context-state.ts'
import type { ContextSettings } from './settings.ts'
import type { Thresholds } from './thresholds.ts'

/** A compaction that is due. */
export interface CompactionTask {
  readonly trigger: CompactionTrigger
  readonly instructions?: string | undefined
  readonly input: ContextInput
  readonly signal: AbortSignal
  readonly settings: ContextSettings
  readonly limits: Thresholds
  /** What the model sees now, and how large that is. */
  readonly shown: Transcript
  readonly tokens: number
  readonly known: ContextState
  /** Reported tokens per estimated one, where messages are estimated at so many. */
  readonly factor: (estimated: number) => number
  /** Automatic compactions in a row that did not help, up to this one. */
  readonly useless: number
  /** Told of the new state when it is recorded. */
  readonly remember: (state: ContextState) => void
}
