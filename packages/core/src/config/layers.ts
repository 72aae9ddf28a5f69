import type { HalterConfig } from './config.ts'

/** Where a value of the configuration comes from; a later one wins. */
export type LayerName = 'default' | 'user' | 'project' | 'explicit' | 'environment' | 'programmatic'

/** One source of configuration. */
export interface ConfigLayer {
  readonly name: LayerName
  /** The file, or who says it. */
  readonly source: string
  /** Where its plugins and presets are looked for: a URL in that folder. */
  readonly baseUrl: string
  /** Packages of the application's own tree count before those of that folder. */
  readonly prefersOwn?: boolean
  readonly config: HalterConfig
  /** For the environment: the variable per key. */
  readonly variables?: ReadonlyMap<string, string>
}

/** Who said what a key is. */
export interface Origin {
  readonly layer: LayerName
  readonly source: string
  /** Of a plugin or preset: where it stands there, such as `plugins[2]`. */
  readonly key?: string
}

/** Plugins are not merged here: their names are known only once they are loaded. */
export type MergedKeys = Omit<HalterConfig, '$schema' | 'plugins' | 'presets'>

/** The layers as one, and the origin of each key; keys of objects as `limits.steps`. */
export function mergeLayers(layers: readonly ConfigLayer[]): {
  readonly config: MergedKeys
  readonly origins: Map<string, Origin>
} {
  const config: Record<string, unknown> = {}
  const origins = new Map<string, Origin>()
  for (const layer of layers)
    for (const [key, value] of Object.entries(layer.config)) {
      if (value === undefined || key === '$schema' || key === 'plugins' || key === 'presets') continue
      if (isObject(value)) {
        config[key] = { ...(config[key] as object | undefined), ...value }
        for (const inner of Object.keys(value))
          origins.set(`${key}.${inner}`, originOf(layer, `${key}.${inner}`))
      } else {
        config[key] = value
        origins.set(key, originOf(layer, key))
      }
    }
  return { config, origins }
}

/** The layer, and for the environment the variable. */
export function originOf({ name, source, variables }: ConfigLayer, key: string): Origin {
  return { layer: name, source: variables?.get(key) ?? source }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
