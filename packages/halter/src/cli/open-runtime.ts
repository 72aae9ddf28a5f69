import type { Plugin, PluginEntry, Preset, SessionRuntime } from '@halter/core'
import { createRuntime, withPlaces, type LoadedConfig } from '@halter/core/host'
import { defaultModel, type DefaultModel } from './default-model.ts'
import { loadConfiguration, type ConfigurationRequest } from './load-configuration.ts'
import type { Output } from './output.ts'

export { isInteractive } from './load-configuration.ts'

/** What the options of a command say about its runtime. */
export interface RuntimeRequest extends ConfigurationRequest {
  readonly debug?: boolean | undefined
  readonly ephemeral?: boolean | undefined
  /** Plugins of the command's own. They win every slot they fill. */
  readonly plugins?: readonly Plugin[]
  /** Plugins of the command's own that give way to configured ones. */
  readonly fallbacks?: readonly Plugin[]
}

/** A started runtime, and what it was started with. */
export interface OpenRuntime {
  readonly runtime: SessionRuntime
  readonly config: LoadedConfig
  /** The model of new sessions where nobody has named one. */
  readonly byDefault: DefaultModel | undefined
  /** Absolute. */
  readonly cwd: string
}

/** Reads the configuration and starts a runtime with it. */
export async function openRuntime(request: RuntimeRequest, output: Output): Promise<OpenRuntime> {
  const began = performance.now()
  const { config, cwd } = await loadConfiguration(request, output)
  for (const warning of config.warnings) output.complain(warning)
  const loaded = performance.now()
  const opened = await startRuntime({ config, cwd }, request)
  if (request.debug) {
    const { describeStart } = await import('./describe-debug.ts')
    output.talk(
      describeStart(opened, { configMs: loaded - began, startMs: performance.now() - loaded }),
      'dim',
    )
  }
  return opened
}

/** Starts a runtime with a configuration. @throws HalterError with the place of each plugin that cannot start. */
export async function startRuntime(
  { config, cwd }: Pick<OpenRuntime, 'config' | 'cwd'>,
  request: Pick<RuntimeRequest, 'ephemeral' | 'plugins' | 'fallbacks'>,
): Promise<OpenRuntime> {
  const byDefault = defaultModel(config, process.env)
  try {
    const runtime = await createRuntime({
      ...config.runtime,
      ...(byDefault && { defaultModel: byDefault.model }),
      ...(await pluginLists(config, request)),
      processGuards: true,
    })
    return { runtime, config, byDefault, cwd }
  } catch (error) {
    throw withPlaces(error, config)
  }
}

/** The plugins of a configuration and those of the command, as a runtime takes them. */
export async function pluginLists(
  config: LoadedConfig,
  request: Pick<RuntimeRequest, 'ephemeral' | 'plugins' | 'fallbacks'>,
): Promise<{ readonly plugins: PluginEntry[]; readonly presets: Preset[] }> {
  const { plugins = [], presets = [] } = config.runtime
  const own = { name: 'halter/cli', plugins: request.fallbacks ?? [] }
  return request.ephemeral
    ? await inMemory(plugins, [...presets, own], request.plugins ?? [])
    : { plugins: [...plugins, ...(request.plugins ?? [])], presets: [...presets, own] }
}

/** The memory store takes the slot from everybody: a configured store steps back among the presets, and keeps its other slots. */
async function inMemory(
  plugins: readonly PluginEntry[],
  presets: readonly Preset[],
  own: readonly Plugin[],
): Promise<{ plugins: PluginEntry[]; presets: Preset[] }> {
  const { default: memoryStore } = await import('@halter/plugin-memory-store')
  const isStore = (entry: PluginEntry): boolean =>
    ('name' in entry ? entry : entry[0]).provides.includes('sessionStore')
  const stores = { name: 'configured stores', plugins: plugins.filter(isStore) }
  return {
    plugins: [...plugins.filter((entry) => !isStore(entry)), memoryStore, ...own],
    presets: [stores, ...presets],
  }
}
