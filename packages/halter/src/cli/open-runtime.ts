import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Plugin, PluginEntry, Preset, SessionRuntime } from '@halter/core'
import { createRuntime, loadConfig, type HalterConfig, type LoadedConfig } from '@halter/core/host'
import presetDefault from '@halter/preset-default'
import { defaultModel, type DefaultModel } from './default-model.ts'
import type { Output } from './output.ts'
import { UsageError } from './usage-error.ts'

/** What the options of a command say about its runtime. */
export interface RuntimeRequest {
  readonly cwd?: string | undefined
  readonly config?: string | undefined
  readonly trust?: boolean | undefined
  readonly model?: string | undefined
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
  const cwd = workingFolder(request.cwd)
  const config = await loadConfig({
    cwd,
    explicit: request.config,
    ownUrl: import.meta.url,
    defaults: DEFAULTS,
    overrides: request.model === undefined ? {} : { model: request.model },
    trust: {
      isTrusted: request.trust ?? false,
      ...(isInteractive() && {
        ask: async (question) => (await import('./trust-question.ts')).askForTrust(question, output),
      }),
    },
  })
  for (const warning of config.warnings) output.complain(warning)
  const { plugins = [], presets = [] } = config.runtime
  const own = { name: 'halter/cli', plugins: request.fallbacks ?? [] }
  const byDefault = defaultModel(config, process.env)
  const runtime = await createRuntime({
    ...config.runtime,
    ...(byDefault && { defaultModel: byDefault.model }),
    ...(request.ephemeral
      ? await inMemory(plugins, [...presets, own], request.plugins ?? [])
      : { plugins: [...plugins, ...(request.plugins ?? [])], presets: [...presets, own] }),
    processGuards: true,
  })
  return { runtime, config, byDefault, cwd }
}

/** True when somebody can be asked: both the answer and the question have a terminal. */
export function isInteractive(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

/** What counts when nothing else is said. */
const DEFAULTS: HalterConfig = { model: 'demo', presets: [presetDefault] }

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

function workingFolder(named: string | undefined): string {
  const cwd = resolve(named ?? process.cwd())
  if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(`--cwd ${cwd}: there is no such folder.`)
  return cwd
}
