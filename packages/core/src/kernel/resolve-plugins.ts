import type { Plugin } from '../define-plugin.ts'

/** A plugin, where it comes from and what it is given. */
export interface ResolvedPlugin {
  readonly plugin: Plugin
  readonly options: unknown
  readonly origin: 'config' | 'preset'
  /** Of the preset it comes from. */
  readonly presetName?: string
}
