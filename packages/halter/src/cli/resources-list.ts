import { definePlugin, EMPTY_RESOURCES, type ResourceSnapshot, type ResourceSource } from '@halter/core'
import type { OptionValues } from './command-spec.ts'
import type { RESOURCES } from './commands/resources.ts'
import { openRuntime } from './open-runtime.ts'
import type { Output } from './output.ts'
import { printableLine } from './printable.ts'
import { padToWidth, textWidth } from './text-width.ts'

/** A resource as it is listed. */
export interface ListedResource {
  readonly kind: string
  readonly name: string
  readonly plugin?: string
  readonly source: string
  readonly description?: string
}

/** `halter resources`: stdout gets the list, stderr the warnings; with `--json` all of it is on stdout. */
export async function listResources(
  options: OptionValues<(typeof RESOURCES)['options']>,
  _: readonly string[],
  output: Output,
): Promise<number> {
  const { revision, warnings, ...found } = await findResources(options, output)
  const resources = list({ revision, warnings, ...found })
  if (options.json) {
    output.json({ type: 'revision', revision })
    for (const resource of resources) output.json({ type: 'resource', ...resource })
    for (const message of warnings) output.json({ type: 'warning', message })
    return 0
  }
  if (resources.length === 0) output.talk('There are no resources here. What can be some: docs/resources.md')
  else output.data(resourceTable(resources, output.width))
  for (const warning of warnings) output.complain(warning)
  if (resources.length > 0) output.talk(`revision ${revision}`, 'dim')
  return 0
}

/** What a session in the working folder would get now. No session is made, and no store is opened. */
async function findResources(
  options: OptionValues<(typeof RESOURCES)['options']>,
  output: Output,
): Promise<ResourceSnapshot> {
  let source: ResourceSource | undefined
  const probe = definePlugin({
    name: 'halter/cli/resources',
    apiVersion: 1,
    optional: ['resources'],
    setup: ({ services }) => {
      source = services.resources
      return {}
    },
  })
  const { runtime, cwd } = await openRuntime({ ...options, ephemeral: true, plugins: [probe] }, output)
  try {
    const blueprint = { sessionId: '', depth: 0, model: '', workingDir: cwd, limits: {}, metadata: {} }
    return (await source?.snapshot(blueprint, output.readerGone)) ?? EMPTY_RESOURCES
  } finally {
    await runtime.shutdown()
  }
}

const KINDS = [
  ['skills', 'skill'],
  ['agents', 'agent'],
  ['commands', 'command'],
  ['hooks', 'hooks'],
  ['mcpServers', 'mcp server'],
  ['policy', 'policy'],
] as const

function list(snapshot: ResourceSnapshot): readonly ListedResource[] {
  const plugins = (snapshot.plugins ?? []).map(({ name, version, root, layout }) => ({
    kind: 'plugin',
    name: version === undefined ? name : `${name} ${version}`,
    source: root,
    description: `layout: ${layout}`,
  }))
  const others = KINDS.flatMap(([key, kind]) =>
    snapshot[key].map((each) => ({
      kind,
      name: each.name,
      ...(each.plugin && { plugin: each.plugin.name }),
      source: each.source,
      ...('description' in each && { description: each.description }),
    })),
  )
  const instructions = snapshot.instructions.map(({ source }) => ({ kind: 'instructions', name: '', source }))
  return [...plugins, ...others, ...instructions]
}

/** A row per resource. Where the terminal is too narrow, the beginning of a path goes: its end tells more. */
export function resourceTable(resources: readonly ListedResource[], width: number | undefined): string {
  const rows = resources.map(({ kind, name, plugin = '', source }) =>
    [kind, name, plugin, source].map(printableLine),
  )
  const table = [['KIND', 'NAME', 'PLUGIN', 'SOURCE'], ...rows]
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => textWidth(row[column]!))))
  const rest = width === undefined ? Infinity : width - widths[0]! - widths[1]! - widths[2]! - 6
  return table
    .map((row) => {
      const cells = row.map((cell, column) =>
        column < 3 ? padToWidth(cell, widths[column]!) : end(cell, rest),
      )
      return `${cells.join('  ').trimEnd()}\n`
    })
    .join('')
}

/** A path in at most `width` columns, folders at its beginning left out; its last part is always there. */
function end(path: string, width: number): string {
  const parts = path.split('/')
  let from = 0
  const shown = (): string => (from === 0 ? path : `…/${parts.slice(from).join('/')}`)
  while (from < parts.length - 1 && textWidth(shown()) > width) from += 1
  return shown()
}
