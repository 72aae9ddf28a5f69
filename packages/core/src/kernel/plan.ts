import { REQUIRED_SLOTS } from '../contracts/services.ts'
import { checkOptions } from './check-options.ts'
import { orderPlugins, type ServiceGraph } from './order-plugins.ts'
import { snapshot } from './options.ts'
import { refusal, type Problem } from './problems.ts'
import {
  resolvePlugins,
  type NotStarted,
  type PluginSources,
  type Resolution,
  type ResolvedPlugin,
} from './resolve-plugins.ts'

/** A plugin that is about to start: nothing that can be known before its code runs is wrong. */
export interface PlannedPlugin extends ResolvedPlugin {
  /** A copy: the caller may go on changing its own. */
  readonly options: unknown
  /** The options, checked and completed. */
  readonly config: unknown
}

/** What a start will do, step by step. */
export interface StartPlan extends ServiceGraph {
  /** In start order. */
  readonly plugins: readonly PlannedPlugin[]
  readonly notStarted: readonly NotStarted[]
}

/** Collections that are there with nobody adding to them; a third party's is there when somebody does. */
const COLLECTIONS = Object.freeze([
  'providers',
  'tools',
  'eventSinks',
  'storageAdapters',
  'commands',
  'doctorChecks',
])

/**
 * Decides who starts, in which order, with what. Runs no code of a plugin but the check of its options.
 * @throws HalterError with everything that is wrong: see `refusal`.
 */
export async function planStart(sources: PluginSources): Promise<StartPlan> {
  const resolution = resolvePlugins(sources)
  const problems = [...resolution.problems]
  const graph = connect(resolution)
  problems.push(...checkServices(resolution, graph))
  const { ordered, problems: cycles } = orderPlugins(resolution.plugins, graph)
  problems.push(...cycles)
  const plugins: PlannedPlugin[] = []
  for (const resolved of ordered) {
    const checked = await checkOptions(resolved)
    if ('problem' in checked) problems.push(checked.problem)
    else plugins.push({ ...resolved, options: snapshot(resolved.options), config: checked.config })
  }
  const [first, ...others] = problems
  if (first) throw refusal([first, ...others])
  // Connected again, now in start order: that is how decorators stack and collections are sorted.
  return { plugins, notStarted: resolution.notStarted, ...connect({ ...resolution, plugins: ordered }) }
}

function connect({ plugins, fillers }: Resolution): ServiceGraph {
  const decorators = (slot: string): string[] =>
    plugins.filter(({ plugin }) => plugin.decorates.includes(slot)).map(({ plugin }) => plugin.name)
  const slots = Array.from(
    fillers,
    ([slot, filler]) => [slot, { filler, decorators: decorators(slot) }] as const,
  )
  // A collection is asked from its first element on: what the config adds comes before what presets add.
  const ranked = plugins.toSorted((a, b) => Number(a.origin === 'preset') - Number(b.origin === 'preset'))
  const contributors = (name: string): string[] =>
    ranked.filter(({ plugin }) => plugin.contributes.includes(name)).map(({ plugin }) => plugin.name)
  const contributed = plugins.flatMap(({ plugin }) => plugin.contributes)
  const collections = [...new Set([...COLLECTIONS, ...contributed])].map(
    (name) => [name, contributors(name)] as const,
  )
  return { slots: new Map(slots), collections: new Map(collections) }
}

function checkServices({ plugins }: Resolution, { slots, collections }: ServiceGraph): Problem[] {
  const problems: Problem[] = []
  for (const slot of REQUIRED_SLOTS)
    if (!slots.has(slot))
      problems.push({
        code: 'ERR_SERVICE_MISSING',
        message: `No plugin provides "${slot}", and nothing runs without it. Add one that does, or the default preset.`,
      })
  for (const { plugin } of plugins) {
    const { name } = plugin
    for (const service of plugin.requires)
      if (!slots.has(service) && !collections.has(service) && !isRequiredSlot(service))
        problems.push(missing(name, 'requires', service))
    for (const service of plugin.decorates)
      if (!slots.has(service) && !isRequiredSlot(service)) problems.push(missing(name, 'decorates', service))
    for (const service of [...plugin.provides, ...plugin.decorates]) {
      const contributors = collections.get(service)
      if (contributors) problems.push(bothSlotAndCollection(name, service, contributors))
    }
  }
  return problems
}

/** One that is missing has been told of already. */
function isRequiredSlot(service: string): boolean {
  return (REQUIRED_SLOTS as readonly string[]).includes(service)
}

function missing(plugin: string, verb: string, service: string): Problem {
  return {
    code: 'ERR_SERVICE_MISSING',
    message: `${plugin} ${verb} "${service}", and no plugin in the config provides it. Add a plugin that does, or remove ${plugin}.`,
    plugin,
  }
}

function bothSlotAndCollection(plugin: string, name: string, contributors: readonly string[]): Problem {
  const who = contributors.length === 0 ? '' : ` that ${contributors.join(', ')} contribute to`
  return {
    code: 'ERR_PLUGIN_INVALID',
    message: `${plugin} takes "${name}" for a slot, and it is a collection${who}. Use contributes, or another name.`,
    plugin,
  }
}
