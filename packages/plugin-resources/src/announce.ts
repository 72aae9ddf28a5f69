import type { ResourceSnapshot, TapContext } from '@halter/core'

/** Warnings that are told one by one; the rest are counted. */
const TOLD_WARNINGS = 5

/** What a session was told of its resources, as long as it is open here. */
interface Told {
  snapshot?: ResourceSnapshot
  readonly warnings: Set<string>
}

/**
 * Tells a session, at the start of a turn, what is wrong with its resources, each thing once, and that they are others than those of the
 * turn before: what came, what changed, what went.
 */
export async function announceResources({ session, warn }: TapContext): Promise<void> {
  const snapshot = await session.resources()
  const told = session.resource<Told>('resources.told', () => ({ warnings: new Set() }))
  const { snapshot: before } = told
  told.snapshot = snapshot
  const fresh = snapshot.warnings.filter((warning) => !told.warnings.has(warning))
  for (const warning of fresh) told.warnings.add(warning)
  for (const warning of fresh.slice(0, TOLD_WARNINGS)) warn(warning)
  const rest = fresh.length - TOLD_WARNINGS
  if (rest > 0) warn(`${rest} more warnings about resources: "halter resources" lists them.`)
  if (before && before.revision !== snapshot.revision)
    await session.notify('resources', describeChange(before, snapshot))
}

/** What is different between two snapshots, in a line. */
export function describeChange(before: ResourceSnapshot, now: ResourceSnapshot): string {
  const changes = KINDS.flatMap(([key, word, nameOf]) => {
    const old = new Map(before[key].map((each) => [nameOf(each), JSON.stringify(each)]))
    const present = new Set(now[key].map((each) => nameOf(each)))
    const changed = now[key].flatMap((each) => {
      const name = nameOf(each)
      const was = old.get(name)
      if (was === undefined) return [`new ${word} ${name}`]
      return was === JSON.stringify(each) ? [] : [`changed ${word} ${name}`]
    })
    const gone = [...old.keys()].filter((name) => !present.has(name)).map((name) => `removed ${word} ${name}`)
    return [...changed, ...gone]
  })
  const what = changes.length === 0 ? 'their order' : changes.slice(0, 10).join(', ')
  const more = changes.length > 10 ? ` and ${changes.length - 10} more` : ''
  return `Resources have changed: ${what}${more}. Revision ${short(before)} → ${short(now)}.`
}

interface Named {
  readonly source: string
  readonly name?: string
}

const byName = ({ name, source }: Named): string => `"${name ?? source}"`
const bySource = ({ source }: Named): string => `"${source}"`
const KINDS = [
  ['skills', 'skill', byName],
  ['agents', 'agent', byName],
  ['commands', 'command', byName],
  ['hooks', 'hooks of', bySource],
  ['mcpServers', 'MCP server', byName],
  ['instructions', 'instructions', bySource],
] as const

function short({ revision }: ResourceSnapshot): string {
  return revision.slice(0, 8)
}
