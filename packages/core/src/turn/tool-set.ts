import type { ToolSpec } from '../contracts/provider.ts'
import type { Tool } from '../contracts/tool.ts'
import { HalterError } from '../errors.ts'

/** The tools of a turn, by name, and as a model is told of them. */
export interface ToolSet {
  readonly byName: ReadonlyMap<string, Tool>
  /** Sorted by name, so that the same tools are the same bytes of a prompt. */
  readonly specs: readonly ToolSpec[]
}

/**
 * The tools of plugins and session together. `names` picks some; a name that no tool has is an error, not an empty set.
 * @throws HalterError `ERR_TOOL_DUPLICATE`, `ERR_TOOL_UNKNOWN`.
 */
export function createToolSet(tools: readonly Tool[], names?: readonly string[]): ToolSet {
  const all = new Map<string, Tool>()
  for (const tool of tools) {
    if (all.has(tool.name))
      throw new HalterError(
        'ERR_TOOL_DUPLICATE',
        `Two tools are named "${tool.name}". Rename one, or leave its plugin out of the config.`,
      )
    all.set(tool.name, tool)
  }
  const byName = names ? pick(all, names) : all
  const specs = [...byName.values()]
    .map(({ name, description, inputSchema }) => ({ name, description, inputSchema }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return { byName, specs }
}

function pick(all: ReadonlyMap<string, Tool>, names: readonly string[]): Map<string, Tool> {
  const picked = new Map<string, Tool>()
  for (const name of names) {
    const tool = all.get(name)
    if (!tool)
      throw new HalterError(
        'ERR_TOOL_UNKNOWN',
        `No tool is named "${name}". There are: ${[...all.keys()].toSorted().join(', ') || 'none'}.`,
      )
    picked.set(name, tool)
  }
  return picked
}
