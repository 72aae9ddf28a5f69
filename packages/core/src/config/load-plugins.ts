import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { PluginEntry, Preset } from '../contracts/runtime.ts'
import { isPlugin, type Plugin } from '../define-plugin.ts'
import type { ConfigPlugin } from './config.ts'
import type { ConfigProblem } from './config-problem.ts'
import { originOf, type ConfigLayer, type Origin } from './layers.ts'
import type { ModuleVersions } from './module-versions.ts'
import { resolveModule, resolvePackage } from './resolve-module.ts'
import { withDeadline } from './with-deadline.ts'

/** How modules that a configuration names are found and loaded. */
export interface ModuleOptions {
  /** Where to look when the configuration's own folder has no such package: URLs in the application's tree. */
  readonly ownUrls: readonly string[]
  /** Milliseconds that one import may take. */
  readonly importMs: number
  /** Which versions of modules were loaded before, where it matters. */
  readonly versions?: ModuleVersions | undefined
  /** What is wrong is put here. */
  readonly problems: ConfigProblem[]
}

/** The plugins of all layers by name, each as the last layer that names it has it. */
export async function loadPlugins(
  layers: readonly ConfigLayer[],
  options: ModuleOptions,
): Promise<Map<string, { readonly entry: PluginEntry; readonly origin: Origin }>> {
  const plugins = new Map<string, { readonly entry: PluginEntry; readonly origin: Origin }>()
  for (const layer of layers) {
    const entries = layer.config.plugins ?? []
    const loaded = await Promise.all(
      entries.map((entry, index) => loadEntry(entry, layer, `plugins[${index}]`, options)),
    )
    const inThisLayer = new Map<string, string>()
    for (const [index, entry] of loaded.entries()) {
      if (!entry) continue
      const { name } = pluginOf(entry)
      const key = `plugins[${index}]`
      const earlier = inThisLayer.get(name)
      if (earlier !== undefined)
        options.problems.push(
          problem(layer, key, entries[index], `is ${name} once more, as ${earlier} is`, 'Remove one.'),
        )
      inThisLayer.set(name, key)
      plugins.set(name, { entry, origin: { ...originOf(layer, 'plugins'), key } })
    }
  }
  return plugins
}

/** The presets of the last layer that names any. */
export async function loadPresets(
  layers: readonly ConfigLayer[],
  options: ModuleOptions,
): Promise<{ readonly presets: readonly Preset[]; readonly origin: Origin | undefined }> {
  const layer = layers.findLast(({ config }) => config.presets !== undefined)
  const presets: Preset[] = []
  for (const [index, named] of (layer?.config.presets ?? []).entries()) {
    const key = `presets[${index}]`
    const value = typeof named === 'string' ? await loadDefault(named, layer!, key, options) : named
    if (isPreset(value)) presets.push(value)
    else if (value !== undefined)
      options.problems.push(
        problem(layer!, key, named, 'has no preset as its default export', 'A preset is { name, plugins }.'),
      )
  }
  return { presets, origin: layer && originOf(layer, 'presets') }
}

/** The plugin of an entry, without its options. */
export function pluginOf(entry: PluginEntry): Plugin {
  return isPlugin(entry) ? entry : entry[0]
}

async function loadEntry(
  entry: ConfigPlugin,
  layer: ConfigLayer,
  key: string,
  options: ModuleOptions,
): Promise<PluginEntry | undefined> {
  const [named, pluginOptions] = isPlugin(entry) || typeof entry === 'string' ? [entry] : entry
  const value = typeof named === 'string' ? await loadDefault(named, layer, key, options) : named
  if (value === undefined) return undefined
  if (!isPlugin(value)) {
    options.problems.push(
      problem(layer, key, named, 'has no plugin as its default export', 'A plugin is made by definePlugin.'),
    )
    return undefined
  }
  return pluginOptions === undefined ? value : [value, pluginOptions]
}

/** The default export of a module; undefined after a problem was reported. `null` stands for an export that is missing. */
async function loadDefault(
  specifier: string,
  layer: ConfigLayer,
  key: string,
  { ownUrls, importMs, problems, versions }: ModuleOptions,
): Promise<unknown> {
  const url = findModule(specifier, layer, ownUrls)
  if (typeof url !== 'string') {
    problems.push(problem(layer, key, specifier, url.problem, url.cure))
    return undefined
  }
  try {
    const current = versions ? await versions.current(url) : url
    const loading = import(/* @vite-ignore */ current) as Promise<{ readonly default?: unknown }>
    const module = await withDeadline(loading, importMs, `The module ${specifier}`)
    return module.default ?? null
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n', 1)[0]! : String(error)
    const cure = 'Correct the module, or remove it here.'
    problems.push({ ...problem(layer, key, specifier, `cannot be loaded: ${reason}`, cure), cause: error })
    return undefined
  }
}

function findModule(
  specifier: string,
  layer: ConfigLayer,
  ownUrls: readonly string[],
): string | { readonly problem: string; readonly cure: string } {
  const isPath = /^(?:\.{1,2}\/|\/|file:|[a-zA-Z]:[\\/])/.test(specifier)
  const folder = fileURLToPath(new URL('.', layer.baseUrl))
  const packages = layer.prefersOwn ? [...ownUrls, layer.baseUrl] : [layer.baseUrl, ...ownUrls]
  for (const parent of isPath ? [layer.baseUrl] : packages) {
    try {
      const url = resolveModule(specifier, parent)
      if (!url.startsWith('file:')) return url
      const file = fileURLToPath(url)
      const stats = statSync(file, { throwIfNoEntry: false })
      if (stats?.isFile()) return url
      return (
        (stats?.isDirectory() && resolvePackage(file)) || {
          problem: stats ? 'is a folder without a package in it' : `leads to ${file}, and nothing is there`,
          cure: stats
            ? 'Name the module’s file, or give the folder a package.json with "name" and "exports".'
            : 'Name the module’s file, by its path from the configuration.',
        }
      )
    } catch {
      // not from here; the next place may have it
    }
  }
  return isPath
    ? {
        problem: 'is no path of a module',
        cure: 'Write it as "./my-plugin.ts", from the configuration’s folder.',
      }
    : {
        problem: `is not installed in ${folder} or above`,
        cure: `Install it there: npm install ${specifier}`,
      }
}

function problem(layer: ConfigLayer, key: string, value: unknown, what: string, cure: string): ConfigProblem {
  const { source } = originOf(layer, key.replace(/\[.*/, ''))
  return { source, key, value: typeof value === 'string' ? value : undefined, problem: what, cure }
}

function isPreset(value: unknown): value is Preset {
  if (typeof value !== 'object' || value === null) return false
  const { name, plugins } = value as Partial<Preset>
  return (
    typeof name === 'string' &&
    Array.isArray(plugins) &&
    plugins.every((entry: unknown) => isPlugin(Array.isArray(entry) ? entry[0] : entry))
  )
}
