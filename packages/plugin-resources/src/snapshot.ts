import type { InstructionResource, ResourceOrigin, ResourceSnapshot } from '@halter/core'
import type { Findings } from './gather.ts'
import { describeProblem, Problems, type ResourceProblem } from './problem.ts'

/** A snapshot, and everything that was said about its files; its `warnings` are those that matter when it is used. */
export interface Compiled {
  readonly snapshot: ResourceSnapshot
  readonly problems: readonly ResourceProblem[]
}

/**
 * Makes one immutable snapshot of what was gathered. Of two loose resources with one name the first counts; one of a plugin is then
 * called `plugin:name`. The revision is a digest of all of it, places included, so it is the same when nothing that a session can see
 * has changed.
 */
export function compileSnapshot(gathered: Findings, instructions: readonly InstructionResource[]): Compiled {
  const problems = [...gathered.problems]
  const { plugins, hooks, mcpServers } = gathered
  const content = {
    plugins: [...plugins],
    skills: withOwnNames('skill', gathered.skills, problems),
    agents: withOwnNames('agent', gathered.agents, problems),
    commands: withOwnNames('command', gathered.commands, problems),
    hooks: [...hooks],
    mcpServers: [...mcpServers],
    policy: [],
    instructions: [...instructions],
  }
  const warnings = problems.filter(({ severity }) => severity !== 'note').map(describeProblem)
  return { snapshot: deepFreeze({ revision: revisionOf(content), ...content, warnings }), problems }
}

function withOwnNames<R extends ResourceOrigin & { readonly name: string }>(
  kind: string,
  resources: readonly R[],
  problems: ResourceProblem[],
): R[] {
  const byName = new Map<string, R>()
  for (const resource of resources) {
    const { name, plugin, source } = resource
    const qualified = plugin && `${plugin.name}:${name}`
    const own = byName.has(name) ? qualified : name
    const other = byName.get(name)
    if (own !== undefined && !byName.has(own))
      byName.set(own, own === name ? resource : { ...resource, name: own })
    if (own === name) continue
    const told = new Problems(source)
    if (own !== undefined && byName.get(own)?.source === source)
      told.note(
        `The ${kind} "${name}" is called "${own}": ${other!.source} has the name.`,
        'Rename one of them.',
      )
    else
      told.warning(
        `The ${kind} "${name}" is not used: ${(byName.get(own ?? name) ?? other!).source} has the name.`,
        'Rename or remove one of them.',
      )
    problems.push(...told.list)
  }
  return [...byName.values()]
}

function revisionOf(content: Omit<ResourceSnapshot, 'revision' | 'warnings'>): string {
  const isEmpty = Object.values(content).every((list) => list.length === 0)
  if (isEmpty) return 'empty'
  // Not imported: Node has it loaded already, and building its ES module view would cost milliseconds at start.
  const { hash } = process.getBuiltinModule('node:crypto')
  return hash('sha256', JSON.stringify(content))
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const each of Object.values(value)) deepFreeze(each)
  return Object.freeze(value)
}
