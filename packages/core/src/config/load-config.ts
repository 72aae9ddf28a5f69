import { resolve } from 'node:path'
import type { RuntimeOptions, SessionInit } from '../contracts/runtime.ts'
import type { HalterConfig } from './config.ts'
import { configError, type ConfigProblem } from './config-problem.ts'
import { halterHome } from './halter-home.ts'
import { mergeLayers, type LayerName, type MergedKeys, type Origin } from './layers.ts'
import { loadPlugins, loadPresets, pluginOf } from './load-plugins.ts'
import type { ModuleVersions } from './module-versions.ts'
import { readLayers } from './read-layers.ts'
import { trustPlugin } from './trust-folders.ts'
import { decideTrust, type TrustOptions } from './trust.ts'

/** Where to look for configuration, and what is said beside it. */
export interface LoadConfigOptions {
  /** Where the search for the project's configuration begins. Default: the process' working directory. */
  readonly cwd?: string
  /** Default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv
  /** A file that was named by the user, from `cwd`; by default what `HALTER_CONFIG` says. It is trusted. */
  readonly explicit?: string | undefined
  /** Reads the explicit file and nothing else: no user's or project's configuration, no variable. Nobody is asked. */
  readonly isAlone?: boolean
  /** The application's own values, under everything else. */
  readonly defaults?: HalterConfig
  /** What the calling program says, over everything else. */
  readonly overrides?: HalterConfig
  /** Who says `overrides`, for origins and problems. Default: the program. */
  readonly overridesFrom?: OverridesFrom
  /** URLs in the application's tree, where plugins are looked for that the configuration's folder does not have. */
  readonly ownUrls?: readonly string[]
  readonly trust?: Pick<TrustOptions, 'ask' | 'isTrusted'>
  /** Kept from one load to the next, it gives plugins whose files have changed as they are now. Absent: as this process has them. */
  readonly versions?: ModuleVersions
  /** Milliseconds that one configuration file or plugin module may take to load. Default 10,000. */
  readonly importMs?: number
}

/** Who says the values that count over everything else. */
export interface OverridesFrom {
  /** Such as `the command line`. */
  readonly source: string
  /** Who says a key, where it is somebody else: `limits.steps` → `--set limits.steps`. */
  readonly keys?: ReadonlyMap<string, string>
  /**
   * Plugins by name are looked for in `ownUrls` before `cwd`: whoever names one of the application's plugins does not mean what an
   * untrusted folder may have put under that name. Default false.
   */
  readonly prefersOwn?: boolean
}

/** Configuration, ready for `createRuntime` and `newSession`. */
export interface LoadedConfig {
  readonly runtime: RuntimeOptions
  /** Defaults of new sessions. */
  readonly session: SessionInit
  /** What was read, the later one over the earlier. */
  readonly layers: readonly { readonly name: LayerName; readonly source: string }[]
  /** Who said it, per key: `model`, `limits.steps`, `presets`, `plugins.<name>`. */
  readonly origins: ReadonlyMap<string, Origin>
  /** Sentences for the user; nothing is wrong enough to stop. */
  readonly warnings: readonly string[]
  /** What the project brings and does not count, for want of trust: files and folders. */
  readonly leftOut: readonly string[]
  /** See `halterHome`. */
  readonly home: string
}

/**
 * Reads the configuration: defaults < user < project < explicit file < environment < program. The project's layer counts
 * only when its folder is trusted. Plugins are imported, none is set up.
 * @throws HalterError `ERR_CONFIG`, or `ERR_PLUGIN_LOAD` when only plugins are the problem, naming all problems at once;
 * `ERR_CONFIG_UNTRUSTED`.
 */
export async function loadConfig(options: LoadConfigOptions = {}): Promise<LoadedConfig> {
  const { env = process.env, importMs = 10_000, ownUrls = [import.meta.url] } = options
  const cwd = resolve(options.cwd ?? process.cwd())
  const home = halterHome(env)
  const problems: ConfigProblem[] = []
  const warnings: string[] = []

  const asked = options.isAlone ? { HALTER_TRUST: '0' } : env
  const decision = await decideTrust(cwd, { ...options.trust, home, env: asked })
  const leftOut = options.isAlone ? [] : decision.leftOut
  // Of the rest, the plugins tell that would have read it.
  for (const { path, kind } of leftOut)
    if (kind === 'configuration') warnings.push(`${path} is not applied: its folder is not trusted.`)
  const place = { ...options, cwd, env, importMs, home, mayApply: decision.mayApply }
  const layers = await readLayers(place, { problems, warnings })
  const code = problems.length > 0 ? 'ERR_CONFIG' : 'ERR_PLUGIN_LOAD'
  const modules = { ownUrls, importMs, problems, versions: options.versions }
  const plugins = await loadPlugins(layers, modules)
  const { presets, origin } = await loadPresets(layers, modules)
  if (problems.length > 0) throw configError(problems, code)

  const { config, origins } = mergeLayers(layers)
  if (origin) origins.set('presets', origin)
  for (const [name, { origin: from }] of plugins) origins.set(`plugins.${name}`, from)
  const entries = [...plugins.values()].map(({ entry }) => entry)
  // A plugin that the configuration names itself replaces the preset's entry of the same name, options and all.
  const remaining = presets.map((preset) => ({
    ...preset,
    plugins: preset.plugins.filter((entry) => !plugins.has(pluginOf(entry).name)),
  }))
  const { runtime, session } = splitKeys(config)
  const trust = { name: '@halter/core/trust', plugins: [trustPlugin(decision.trust)] }
  return {
    runtime: { ...runtime, plugins: entries, presets: [...remaining, trust] },
    session,
    layers: layers.map(({ name, source }) => ({ name, source })),
    origins,
    warnings,
    leftOut: leftOut.map(({ path }) => path),
    home,
  }
}

/** What concerns the runtime, and what each new session is made with. */
function splitKeys(config: MergedKeys): { readonly runtime: RuntimeOptions; readonly session: SessionInit } {
  const { model, models, limits, timeouts, maxModelTries, ...session } = config
  return {
    runtime: {
      ...(model !== undefined && { defaultModel: model }),
      ...(models && { models }),
      ...(limits && { limits }),
      ...(timeouts && { timeouts }),
      ...(maxModelTries !== undefined && { maxModelTries }),
    },
    session,
  }
}
