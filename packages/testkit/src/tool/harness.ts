import type { Plugin, Tool } from '@halter/core'
import type { Json } from '@halter/protocol'

/** How the suite gets at a tool. */
export interface ToolHarness {
  readonly tool: Tool
  /** Inputs that work, with what `prepare` made; at least one. Each is run several times. */
  readonly works: readonly Json[]
  /** Inputs that the tool's check must refuse, beside those that no tool takes. */
  readonly refuses?: readonly Json[]
  /** An input whose run takes seconds unless it is stopped; absent: rules about a stop in the middle are skipped. */
  readonly takesLong?: Json
  /** Whose tool it is: what the tool notes is folded into this plugin's state. Absent: notes are forgotten. */
  readonly plugin?: Plugin
  /** Fills an empty folder, the tool's working directory, before each run. */
  prepare?(folder: string): Promise<void> | void
}
