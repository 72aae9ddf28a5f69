import type { PluginEntry, Preset } from '@halter/core'
import { maskSecrets, type LoadedConfig } from '@halter/core/host'

/** A configuration as a file would say it: plugins and presets by name. Secrets are masked. */
export function configData({ runtime, session }: LoadedConfig): Record<string, unknown> {
  const { plugins = [], presets = [], defaultModel, models, limits, timeouts, maxModelTries } = runtime
  const data = {
    presets: presets.filter(isNamed).map(({ name }) => name),
    plugins: plugins.map(entryData),
    model: defaultModel,
    models,
    ...session,
    limits,
    timeouts,
    maxModelTries,
  }
  const present = Object.entries(data).filter(([, value]) => value !== undefined)
  return maskSecrets(Object.fromEntries(present)) as Record<string, unknown>
}

/** The name of an entry's plugin, with its options where there are any. */
function entryData(entry: PluginEntry): string | readonly [name: string, options: unknown] {
  return 'name' in entry ? entry.name : [entry[0].name, entry[1]]
}

/** What nobody has named: it only says which folders are trusted. */
function isNamed({ name }: Preset): boolean {
  return name !== '@halter/core/trust'
}
