import type { Problem } from './problems.ts'
import type { ResolvedPlugin } from './resolve-plugins.ts'

/** Who fills, wraps and adds to what. Plugin names, in start order. */
export interface ServiceGraph {
  readonly slots: ReadonlyMap<string, { readonly filler: string; readonly decorators: readonly string[] }>
  readonly collections: ReadonlyMap<string, readonly string[]>
}

/** Why one plugin starts after another. */
interface Edge {
  readonly to: string
  /** `requires "models" of`, `decorates "models" of`, `is to start after`. */
  readonly because: string
}

/**
 * The plugins in start order: each after everything it waits for, and otherwise as in the lists. Who decorates a slot starts after
 * its filler, and who requires it after both. What cannot be ordered is a problem with its path. Who requires a collection starts after
 * those who add to it where nothing else speaks against that: it sees them all once everybody has started.
 */
export function orderPlugins(
  plugins: readonly ResolvedPlugin[],
  graph: ServiceGraph,
): { readonly ordered: readonly ResolvedPlugin[]; readonly problems: readonly Problem[] } {
  const byName = new Map(plugins.map((each) => [each.plugin.name, each]))
  const edges = edgesOf(plugins, byName, graph)
  const ordered: ResolvedPlugin[] = []
  const problems: Problem[] = []
  const done = new Set<string>()
  const path: string[] = []

  const visit = (name: string): void => {
    if (done.has(name)) return
    path.push(name)
    for (const { to } of edges.get(name) ?? []) {
      const start = path.indexOf(to)
      if (start === -1) visit(to)
      else problems.push(cycle(path.slice(start), edges))
    }
    path.pop()
    done.add(name)
    ordered.push(byName.get(name)!)
  }
  for (const name of byName.keys()) visit(name)
  return { ordered, problems }
}

function edgesOf(
  plugins: readonly ResolvedPlugin[],
  byName: ReadonlyMap<string, ResolvedPlugin>,
  { slots, collections }: ServiceGraph,
): Map<string, Edge[]> {
  const edges = new Map<string, Edge[]>(plugins.map(({ plugin }) => [plugin.name, []]))
  const add = (from: string, to: string, because: string): void => {
    const known = edges.get(from)
    if (byName.has(to) && known && !known.some((edge) => edge.to === to)) known.push({ to, because })
  }
  for (const { plugin } of plugins) {
    const { name } = plugin
    for (const service of [...plugin.requires, ...plugin.optional]) {
      const slot = slots.get(service)
      for (const source of slot ? [slot.filler, ...slot.decorators] : [])
        add(name, source, `waits for "${service}" of`)
    }
    for (const service of plugin.decorates) {
      const filler = slots.get(service)?.filler
      if (filler !== undefined) add(name, filler, `decorates "${service}" of`)
    }
    for (const other of plugin.after) add(name, other, 'is to start after')
    for (const other of plugin.before) add(other, name, 'is to start after')
  }
  for (const { plugin } of plugins)
    for (const service of [...plugin.requires, ...plugin.optional])
      // Two who add to what both require need not wait for each other.
      for (const source of plugin.contributes.includes(service) ? [] : (collections.get(service) ?? []))
        if (!leadsTo(edges, source, plugin.name)) add(plugin.name, source, `waits for "${service}" of`)
  return edges
}

/** Whether `from` starts after `to`, or is it. */
function leadsTo(edges: ReadonlyMap<string, readonly Edge[]>, from: string, to: string): boolean {
  const seen = new Set<string>()
  const open = [from]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === to) return true
    if (seen.has(name)) continue
    seen.add(name)
    for (const edge of edges.get(name) ?? []) open.push(edge.to)
  }
  return false
}

function cycle(names: readonly string[], edges: ReadonlyMap<string, readonly Edge[]>): Problem {
  const steps = names.map((name, index) => {
    const next = names[(index + 1) % names.length]!
    const because = edges.get(name)?.find(({ to }) => to === next)?.because
    return `${name} ${because} ${next}`
  })
  return {
    code: 'ERR_PLUGIN_CYCLE',
    message: `${[...names, names[0]].join(' → ')} wait for each other: ${steps.join(', ')}. Remove one of these, or take one plugin out.`,
    plugin: names[0]!,
  }
}
