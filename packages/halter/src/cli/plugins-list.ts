import { isAbsolute, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { checkPlugins, findPackage, type LoadedConfig, type PluginPlan } from '@halter/core/host'
import { columns } from './columns.ts'
import type { OptionValues } from './command-spec.ts'
import type { PLUGINS_LIST } from './commands/plugins.ts'
import { LIBRARY, loadConfiguration } from './load-configuration.ts'
import type { Output } from './output.ts'

/** `halter plugins list`: what would start. Starts nothing. */
export async function listPlugins(
  options: OptionValues<(typeof PLUGINS_LIST)['options']>,
  _: readonly string[],
  output: Output,
): Promise<number> {
  const { config } = await loadConfiguration(options, output)
  for (const warning of config.warnings) output.complain(warning)
  const plan = await checkPlugins(config)
  const plugins = plan.plugins.map((planned) => describePlugin(planned, config))
  const idle = plan.notStarted.map(({ plugin, reason }) => ({ name: plugin, notStarted: reason }))
  if (options.json) {
    for (const each of [...plugins, ...idle]) output.json(each)
    return 0
  }
  const { width } = output
  const rows = plugins.map((each) => [
    each.name,
    each.version ?? '',
    shortFrom(each.from),
    describeGifts(each),
  ])
  const lost = idle.map(({ name, notStarted }) => [name, '', 'not started', notStarted])
  output.data(columns([['PLUGIN', 'VERSION', 'FROM', 'GIVES'], ...rows, ...lost], { width }))
  output.talk('Who won which slot, and how long each takes to start: halter doctor', 'dim')
  return 0
}

/** A file of this folder by its name there. */
function shortFrom(from: string): string {
  const here = relative(process.cwd(), from)
  return isAbsolute(from) && !here.startsWith('..') ? here : from
}

interface ListedPlugin {
  readonly name: string
  readonly version?: string
  readonly from: string
  readonly provides: readonly string[]
  readonly contributes: readonly string[]
  readonly decorates: readonly string[]
  readonly lostSlots: readonly string[]
}

function describePlugin(
  { plugin, presetName, lostSlots }: PluginPlan['plugins'][number],
  { origins }: LoadedConfig,
): ListedPlugin {
  const { name, provides, contributes, decorates } = plugin
  const origin = origins.get(`plugins.${name}`)
  const isFile = origin !== undefined && ['user', 'project', 'explicit'].includes(origin.layer)
  const places = [...(isFile ? [pathToFileURL(origin.source).href] : []), ...LIBRARY.ownUrls]
  const found = findPackage(name, places)
  return {
    name,
    ...(found && { version: found.version }),
    from: presetName ?? origin?.source ?? 'the program',
    provides,
    contributes,
    decorates,
    lostSlots,
  }
}

function describeGifts({ provides, contributes, decorates, lostSlots }: ListedPlugin): string {
  const kept = provides.filter((slot) => !lostSlots.includes(slot))
  const parts = [
    kept.length > 0 && `fills ${kept.join(', ')}`,
    contributes.length > 0 && `adds ${contributes.join(', ')}`,
    decorates.length > 0 && `wraps ${decorates.join(', ')}`,
    lostSlots.length > 0 && `lost ${lostSlots.join(', ')}`,
  ].filter(Boolean)
  return parts.join('; ') || 'taps only'
}
