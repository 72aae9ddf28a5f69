import type { RuntimeOptions, SessionRuntime } from '@halter/core'
import { createRuntime as createBareRuntime } from '@halter/core/host'
import presetDefault from '@halter/preset-default'

export { definePlugin, defineTool, HalterError, isHalterError, jsonSchema, trustFolders } from '@halter/core'
export type {
  Plugin,
  PluginEntry,
  Preset,
  RuntimeOptions,
  SessionHandle,
  SessionInit,
  SessionRuntime,
  TurnHandle,
  TurnOptions,
  TurnResult,
} from '@halter/core'
export { defineConfig } from '@halter/core/host'
export { loadConfig } from './load-config.ts'
export type { HalterConfig, LoadConfigOptions, LoadedConfig } from '@halter/core/host'

/**
 * Starts a runtime with the default plugins under yours: what `plugins` fills, it fills instead of them. Pass `presets` to
 * have other defaults, or none.
 * @throws HalterError naming every plugin that cannot start and every slot that nobody fills; nothing is left running.
 */
export function createRuntime(options: RuntimeOptions = {}): Promise<SessionRuntime> {
  return createBareRuntime({ presets: [presetDefault], ...options })
}
