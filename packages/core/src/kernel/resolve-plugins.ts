import type { PluginEntry, Preset } from '../contracts/runtime.ts'
import { API_VERSION, isPlugin, type Plugin } from '../define-plugin.ts'
import type { Problem } from './problems.ts'

/** What is to run: plugins of the config, and presets that give way to them slot by slot. */
export interface PluginSources {
  readonly plugins?: readonly PluginEntry[]
  readonly presets?: readonly Preset[]
}

/** A plugin, where it comes from and what it is given. */
export interface ResolvedPlugin {
  readonly plugin: Plugin
  readonly options: unknown
  readonly origin: 'config' | 'preset'
  /** Of the preset it comes from. */
  readonly presetName?: string
  /** Slots that it provides and a plugin with precedence took. */
  readonly lostSlots: readonly string[]
}

/** A plugin that another one made needless. */
export interface NotStarted {
  readonly plugin: string
  readonly reason: string
}

/** Who is to start, in the order of the lists: presets first, the config last. */
export interface Resolution {
  readonly plugins: readonly ResolvedPlugin[]
  /** Slot → the plugin that fills it. */
  readonly fillers: ReadonlyMap<string, string>
  readonly notStarted: readonly NotStarted[]
  readonly problems: readonly Problem[]
}

/**
 * Who takes part, and who fills which slot. Precedence is per slot: the config before presets, a later preset before an earlier
 * one. Who loses a slot keeps its others, and is not started when it has none left and nothing else to give. The same name in
 * the config replaces the preset's entry altogether: it is the same plugin with other options.
 */
export function resolvePlugins({ plugins = [], presets = [] }: PluginSources): Resolution {
  const problems: Problem[] = []
  const sources: Source[] = [...readPresets(presets, problems), { origin: 'config', entries: plugins }]
  const named = new Map<string, Candidate>()
  for (const [rank, source] of sources.entries())
    for (const candidate of readSource(source, rank, problems)) {
      // Taken out first: the later entry also stands where it stands in its own list.
      named.delete(candidate.plugin.name)
      named.set(candidate.plugin.name, candidate)
    }
  const candidates = [...named.values()]
  const fillers = fillSlots(candidates, problems)
  const { started, notStarted } = dropLosers(candidates, fillers)
  return { plugins: started, fillers, notStarted, problems }
}

interface Source {
  readonly origin: ResolvedPlugin['origin']
  readonly presetName?: string
  readonly entries: readonly unknown[]
}

interface Candidate extends Omit<ResolvedPlugin, 'lostSlots'> {
  /** Of its list; the higher one wins. */
  readonly rank: number
}

function readPresets(presets: readonly unknown[], problems: Problem[]): Source[] {
  return presets.flatMap((preset, index): Source[] => {
    const { name, plugins } = (preset ?? {}) as { readonly name?: unknown; readonly plugins?: unknown }
    if (typeof name === 'string' && Array.isArray(plugins))
      return [{ origin: 'preset', presetName: name, entries: plugins }]
    const message = `Entry ${index + 1} of the presets is no preset. Give an object with a name and a list of plugins.`
    problems.push({ code: 'ERR_PLUGIN_INVALID', message })
    return []
  })
}

function readSource(source: Source, rank: number, problems: Problem[]): Candidate[] {
  const { origin, presetName, entries } = source
  const where = presetName === undefined ? 'the plugin list' : `preset ${presetName}`
  const names = new Set<string>()
  return entries.flatMap((entry, index) => {
    const [plugin, options] = Array.isArray(entry) ? (entry as unknown[]) : [entry, undefined]
    const problem = checkPlugin(plugin, `Entry ${index + 1} of ${where}`)
    if (problem) {
      problems.push(problem)
      return []
    }
    const { name } = plugin as Plugin
    if (names.has(name)) {
      const message = `${name} is in ${where} twice. Keep one entry.`
      problems.push({ code: 'ERR_PLUGIN_DUPLICATE', message, plugin: name })
      return []
    }
    names.add(name)
    return [
      { plugin: plugin as Plugin, options, origin, ...(presetName !== undefined && { presetName }), rank },
    ]
  })
}

function checkPlugin(plugin: unknown, entry: string): Problem | undefined {
  if (!isPlugin(plugin) || typeof plugin.setup !== 'function') {
    const what = plugin === null ? 'null' : `a value of type ${typeof plugin}`
    return {
      code: 'ERR_PLUGIN_INVALID',
      message: `${entry} is no plugin but ${what}. Give what definePlugin returned, or a pair of that and its options.`,
    }
  }
  if (plugin.apiVersion !== API_VERSION)
    return {
      code: 'ERR_PLUGIN_API_VERSION',
      message: `${plugin.name} speaks version ${plugin.apiVersion} of the plugin API, and this is version ${API_VERSION}. Install a version of it that fits.`,
      plugin: plugin.name,
    }
  return undefined
}

function fillSlots(candidates: readonly Candidate[], problems: Problem[]): Map<string, string> {
  const fillers = new Map<string, Candidate>()
  for (const candidate of candidates)
    for (const slot of candidate.plugin.provides) {
      const other = fillers.get(slot)
      if (other?.rank === candidate.rank) problems.push(twoFillers(slot, other, candidate))
      else fillers.set(slot, candidate) // candidates come in ascending rank
    }
  return new Map(Array.from(fillers, ([slot, { plugin }]) => [slot, plugin.name]))
}

function twoFillers(slot: string, { plugin: first }: Candidate, { plugin, presetName }: Candidate): Problem {
  const where = presetName === undefined ? 'the config' : `preset ${presetName}`
  return {
    code: 'ERR_SERVICE_DUPLICATE',
    message: `${first.name} and ${plugin.name} of ${where} both provide "${slot}", and a slot has one filler. Remove one of them.`,
    plugin: plugin.name,
  }
}

function dropLosers(
  candidates: readonly Candidate[],
  fillers: ReadonlyMap<string, string>,
): { readonly started: ResolvedPlugin[]; readonly notStarted: NotStarted[] } {
  const started: ResolvedPlugin[] = []
  const notStarted: NotStarted[] = []
  for (const { rank: _, ...candidate } of candidates) {
    const { name, provides, contributes, decorates } = candidate.plugin
    const lostSlots = provides.filter((slot) => fillers.get(slot) !== name)
    const hasNothingLeft = lostSlots.length > 0 && lostSlots.length === provides.length
    if (hasNothingLeft && contributes.length === 0 && decorates.length === 0) {
      const winners = lostSlots.map((slot) => `"${slot}" is filled by ${fillers.get(slot)}`)
      notStarted.push({ plugin: name, reason: winners.join('; ') })
    } else started.push({ ...candidate, lostSlots: Object.freeze(lostSlots) })
  }
  return { started, notStarted }
}
