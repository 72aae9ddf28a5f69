import type { LoadedConfig, Origin } from '@halter/core/host'
import { columns } from './columns.ts'
import type { OptionValues } from './command-spec.ts'
import type { CONFIG_PRINT } from './commands/config.ts'
import { configData } from './config-data.ts'
import { loadConfiguration } from './load-configuration.ts'
import type { Output } from './output.ts'

/** `halter config print` */
export async function printConfig(
  options: OptionValues<(typeof CONFIG_PRINT)['options']>,
  _: readonly string[],
  output: Output,
): Promise<number> {
  const { config } = await loadConfiguration(options, output)
  for (const warning of config.warnings) output.complain(warning)
  const data = configData(config)
  if (options.json) output.json(options.provenance ? { config: data, ...provenance(config) } : data)
  else if (options.provenance) output.data(describeOrigins(data, config, output.width))
  else output.data(`${JSON.stringify(data, undefined, 2)}\n`)
  return 0
}

function provenance({ origins, layers }: LoadedConfig): object {
  return { origins: Object.fromEntries(origins), layers }
}

/** A line per key: its value, the layer, and who says it there. */
function describeOrigins(
  data: Readonly<Record<string, unknown>>,
  { origins, layers }: LoadedConfig,
  width: number | undefined,
): string {
  const rows = flatten(data).map(([key, shown, value]) => [shown, value, describeOrigin(origins.get(key))])
  const read = layers.map(({ name, source }) => [name, source])
  return `${columns(rows, { width })}\nread, the later one over the earlier:\n${columns(read, { width, indent: 2 })}`
}

function describeOrigin(origin: Origin | undefined): string {
  if (!origin) return 'built in'
  const { layer, source, key } = origin
  return [layer, layer === 'default' ? '' : source, key ?? ''].filter(Boolean).join('  ')
}

/** Key for its origin, key as it is shown, and value. */
function flatten(data: Readonly<Record<string, unknown>>): [key: string, shown: string, value: string][] {
  return Object.entries(data).flatMap(([key, value]): [string, string, string][] => {
    if (key === 'plugins')
      return (value as (string | [string, unknown])[]).map((entry) => {
        const [name, options] = typeof entry === 'string' ? [entry] : entry
        return [`plugins.${name}`, `plugin ${name}`, options === undefined ? '' : short(options)]
      })
    if (key === 'presets') return [[key, key, (value as string[]).join(', ') || 'none']]
    if (typeof value === 'object' && value !== null)
      return Object.entries(value).map(([name, inner]) => [`${key}.${name}`, `${key}.${name}`, short(inner)])
    return [[key, key, short(value)]]
  })
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`
}
