import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isPlugin } from '../define-plugin.ts'
import { checkConfig } from './check-config.ts'
import type { HalterConfig } from './config.ts'
import type { ConfigProblem } from './config-problem.ts'
import { environmentLayer } from './environment-layer.ts'
import { findProjectConfig, findUserConfig, type FoundConfig } from './find-config.ts'
import type { ConfigLayer, LayerName } from './layers.ts'
import type { LoadConfigOptions } from './load-config.ts'

/** Where layers are read from. */
export interface LayersPlace extends LoadConfigOptions {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly home: string
  readonly importMs: number
  /** Whether the project's layer counts. */
  readonly mayApply: boolean
}

/** What is found out on the way. */
export interface Findings {
  readonly problems: ConfigProblem[]
  readonly warnings: string[]
}

/** The layers that there are, each checked against the schema. */
export async function readLayers(place: LayersPlace, findings: Findings): Promise<ConfigLayer[]> {
  const { cwd, env, defaults, ownUrls, overrides, overridesFrom } = place
  const layers = new Layers(place, findings)
  if (defaults) layers.add('default', 'the defaults', defaults, ownUrls?.[0] ? { baseUrl: ownUrls[0] } : {})
  if (place.isAlone) {
    if (place.explicit !== undefined) await layers.addFile('explicit', resolve(cwd, place.explicit))
    return layers.list
  }
  await layers.addFound('user', findUserConfig(place.home))
  if (place.mayApply) await layers.addFound('project', findProjectConfig(cwd))
  const named = place.explicit ?? (env['HALTER_CONFIG'] || undefined)
  if (named !== undefined) await layers.addFile('explicit', resolve(cwd, named))
  const environment = environmentLayer(env)
  findings.warnings.push(...environment.warnings)
  if (environment.variables.size > 0)
    layers.add('environment', 'the environment', environment.config, { variables: environment.variables })
  if (overrides) {
    const { source, keys, prefersOwn = false } = overridesFrom ?? { source: 'the program' }
    layers.add('programmatic', source, overrides, { prefersOwn, ...(keys && { variables: keys }) })
  }
  return layers.list
}

class Layers {
  readonly list: ConfigLayer[] = []
  readonly #place: LayersPlace
  readonly #findings: Findings

  constructor(place: LayersPlace, findings: Findings) {
    this.#place = place
    this.#findings = findings
  }

  add(name: LayerName, source: string, config: unknown, extra: Partial<ConfigLayer> = {}): void {
    const found = check(config, source)
    this.#findings.problems.push(
      ...found.map((each) => ({ ...each, source: extra.variables?.get(each.key ?? '') ?? source })),
    )
    const baseUrl = pathToFileURL(join(this.#place.cwd, 'noname')).href
    // A layer with problems will not be used; it is kept so that its plugins can be found wanting at the same time.
    if (found.every(({ key }) => key !== undefined && !/^(?:plugins|presets)\b/.test(key)))
      this.list.push({ name, source, baseUrl, ...extra, config: config as HalterConfig })
  }

  async addFile(name: LayerName, file: string): Promise<void> {
    const { readConfigFile } = await import('./read-config.ts')
    const read = await readConfigFile(file, this.#place.importMs)
    if ('problem' in read) this.#findings.problems.push(read.problem)
    else this.add(name, file, read.value, { baseUrl: pathToFileURL(file).href })
  }

  async addFound(name: LayerName, found: FoundConfig | undefined): Promise<void> {
    if (!found) return
    const { file, ignored } = found
    for (const other of ignored)
      this.#findings.warnings.push(`${other} is not read, because ${file} is there too.`)
    await this.addFile(name, file)
  }
}

/** Values of a program may be objects that throw when they are looked at. */
function check(config: unknown, source: string): ConfigProblem[] {
  try {
    return checkConfig(asData(config), source)
  } catch (cause) {
    const problem = `cannot be looked at: ${cause instanceof Error ? cause.message : String(cause)}`
    return [{ source, problem, cure: 'Export plain data.', cause }]
  }
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
