import type { Limits, ModelRole, ReasoningEffort } from '@halter/protocol'
import type { Preset, RuntimeTimeouts } from '../contracts/runtime.ts'
import type { Plugin } from '../define-plugin.ts'

/** A plugin as a configuration names it: by package name, by a path from the file's folder, or as a value. */
export type ConfigPlugin = string | Plugin | readonly [plugin: string | Plugin, options: unknown]

/** What a configuration file may say. Every key is optional; `docs/config.md` has them with their defaults. */
export interface HalterConfig {
  /** For editors; not read. */
  readonly $schema?: string
  /** Lists of plugins that give way, slot by slot, to `plugins`. A later layer replaces the whole list. */
  readonly presets?: readonly (string | Preset)[]
  /** Merged with the other layers by plugin name; the later layer's entry replaces the earlier one's. */
  readonly plugins?: readonly ConfigPlugin[]
  /** The model of sessions that name none. */
  readonly model?: string
  /** Models of the other roles, where they differ. */
  readonly models?: { readonly [R in Exclude<ModelRole, 'default'>]?: string }
  readonly effort?: ReasoningEffort
  /** 0 to 2. */
  readonly temperature?: number
  readonly maxOutputTokens?: number
  /** Replaces the whole system prompt of new sessions. */
  readonly systemPrompt?: string
  /** Added after the system prompt of new sessions. */
  readonly appendSystemPrompt?: string
  /** Caps of sessions that give none. */
  readonly limits?: Limits
  /** Deadlines, in milliseconds. */
  readonly timeouts?: RuntimeTimeouts
  /** Tries per model call, the first included. */
  readonly maxModelTries?: number
}

/** Gives an editor the types of a configuration; returns it as it is. */
export function defineConfig(config: HalterConfig): HalterConfig {
  return config
}
