import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { RuntimeOptions, SessionInit } from '../contracts/runtime.ts'
import { isPlugin } from '../define-plugin.ts'
import { checkConfig } from './check-config.ts'
import type { HalterConfig } from './config.ts'
import { configError, type ConfigProblem } from './config-problem.ts'
import { environmentLayer } from './environment-layer.ts'
import { findProjectConfig, findUserConfig } from './find-config.ts'
import { halterHome } from './halter-home.ts'
import { mergeLayers, type ConfigLayer, type LayerName, type MergedKeys, type Origin } from './layers.ts'
import { loadPlugins, loadPresets, pluginOf } from './load-plugins.ts'
import type { ProjectContent } from './project-content.ts'
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
  /** The application's own values, under everything else. */
  readonly defaults?: HalterConfig
  /** What the calling program says, over everything else. */
  readonly overrides?: HalterConfig
  /** Who says `overrides`, for origins and problems. Default: the program. */
  readonly overridesFrom?: OverridesFrom
  /** URLs in the application's tree, where plugins are looked for that the configuration's folder does not have. */
  readonly ownUrls?: readonly string[]
  readonly trust?: Pick<TrustOptions, 'ask' | 'isTrusted'>
  /** Milliseconds that one configuration file or plugin module may take to load. Default 10,000. */
  readonly importMs?: number
}

/** Who says the values that count over everything else. */
export interface OverridesFrom {
  /** Such as `the command line`. */
  readonly source: string
  /** Who says a key, where it is somebody else: `limits.steps` → `--set limits.steps`. */
  readonly keys?: ReadonlyMap<string, string>
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

  const decision = await decideTrust(cwd, { ...options.trust, home, env })
  if (decision.leftOut.length > 0) warnings.push(describeLeftOut(decision.leftOut))
  const layers = await readLayers({ ...options, cwd, env, importMs }, home, {
    problems,
    warnings,
    mayApply: decision.mayApply,
  })
  const code = problems.length > 0 ? 'ERR_CONFIG' : 'ERR_PLUGIN_LOAD'
  const modules = { ownUrls, importMs, problems }
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
    home,
  }
}

function describeLeftOut(content: readonly ProjectContent[]): string {
  const [first, ...more] = content.map(({ path }) => path)
  if (more.length === 0) return `${first} is not applied: its folder is not trusted.`
  return `${[first, ...more].join(', ')} are not applied: their folder is not trusted.`
}

interface Findings {
  readonly problems: ConfigProblem[]
  readonly warnings: string[]
  readonly mayApply: boolean
}

/** The layers that there are, each checked against the schema. */
async function readLayers(
  {
    cwd,
    env,
    explicit,
    importMs,
    ...options
  }: LoadConfigOptions & { cwd: string; env: NodeJS.ProcessEnv; importMs: number },
  home: string,
  { problems, warnings, mayApply }: Findings,
): Promise<ConfigLayer[]> {
  const layers: ConfigLayer[] = []
  const add = (name: LayerName, source: string, config: unknown, extra: Partial<ConfigLayer> = {}): void => {
    const found = checkConfig(asData(config), source)
    problems.push(
      ...found.map((each) => ({ ...each, source: extra.variables?.get(each.key ?? '') ?? source })),
    )
    const baseUrl = pathToFileURL(join(cwd, 'noname')).href
    // A layer with problems will not be used; it is kept so that its plugins can be found wanting at the same time.
    if (found.every(({ key }) => key !== undefined && !/^(?:plugins|presets)\b/.test(key)))
      layers.push({ name, source, baseUrl, ...extra, config: config as HalterConfig })
  }
  const addFile = async (name: LayerName, file: string): Promise<void> => {
    const { readConfigFile } = await import('./read-config.ts')
    const read = await readConfigFile(file, importMs)
    if ('problem' in read) problems.push(read.problem)
    else add(name, file, read.value, { baseUrl: pathToFileURL(file).href })
  }

  if (options.defaults)
    add(
      'default',
      'the defaults',
      options.defaults,
      options.ownUrls?.[0] ? { baseUrl: options.ownUrls[0] } : {},
    )

  const user = findUserConfig(home)
  if (user) {
    warnings.push(...ignoredFiles(user))
    await addFile('user', user.file)
  }

  const project = findProjectConfig(cwd)
  if (project && mayApply) {
    warnings.push(...ignoredFiles(project))
    await addFile('project', project.file)
  }

  const named = explicit ?? (env['HALTER_CONFIG'] || undefined)
  if (named !== undefined) await addFile('explicit', resolve(cwd, named))

  const environment = environmentLayer(env)
  warnings.push(...environment.warnings)
  if (environment.variables.size > 0)
    add('environment', 'the environment', environment.config, { variables: environment.variables })
  if (options.overrides) {
    const { source, keys } = options.overridesFrom ?? { source: 'the program' }
    add('programmatic', source, options.overrides, keys ? { variables: keys } : {})
  }
  return layers
}

function ignoredFiles({
  file,
  ignored,
}: {
  readonly file: string
  readonly ignored: readonly string[]
}): string[] {
  return ignored.map((other) => `${other} is not read, because ${file} is there too.`)
}

/** The configuration with a name in the place of every plugin and preset value, as the schema knows them. */
function asData(config: unknown): unknown {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) return config
  const { plugins, presets } = config as HalterConfig
  const named = (value: unknown): unknown => (isPlugin(value) ? value.name : value)
  return {
    ...config,
    ...(Array.isArray(plugins) && {
      plugins: plugins.map((entry: unknown) =>
        Array.isArray(entry) ? [named(entry[0]), ...(entry.slice(1) as unknown[])] : named(entry),
      ),
    }),
    ...(Array.isArray(presets) && {
      presets: presets.map((preset: unknown) =>
        typeof preset === 'object' && preset !== null && 'plugins' in preset && 'name' in preset
          ? preset.name
          : preset,
      ),
    }),
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
