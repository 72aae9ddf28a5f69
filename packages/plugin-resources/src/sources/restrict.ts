import type { PluginFolder } from '../read-plugin.ts'

/** A plugin without what would run or widen anything, and what to say of that. */
export interface RestrictedPlugin {
  readonly folder: PluginFolder
  readonly warnings: readonly string[]
}

/**
 * Takes from a plugin of strangers what would run by itself (hooks, MCP servers), and what would answer for the user
 * (`allowed-tools`). Text that a model reads stays: skills, commands, agents.
 */
export function restrict(folder: PluginFolder, from: string): RestrictedPlugin {
  const { hooks, mcpServers, skills, commands } = folder
  const lost = [
    ...(hooks.length > 0 ? ['hooks'] : []),
    ...(mcpServers.length > 0 ? ['MCP servers'] : []),
    ...([...skills, ...commands].some(({ allowedTools }) => allowedTools) ? ['allowed-tools'] : []),
  ]
  const warnings =
    lost.length === 0
      ? []
      : [
          `remote_unsupported_component: ${lost.join(', ')} of ${from} are left out, because it is not trusted. Read them; then set "trusted": true at its source.`,
        ]
  return {
    folder: {
      ...folder,
      hooks: [],
      mcpServers: [],
      skills: skills.map(withoutGrants),
      commands: commands.map(withoutGrants),
    },
    warnings,
  }
}

function withoutGrants<T extends { readonly allowedTools?: readonly string[] }>(
  resource: T,
): Omit<T, 'allowedTools'> {
  const { allowedTools, ...rest } = resource
  return allowedTools ? rest : resource
}
