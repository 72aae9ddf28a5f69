import type { ResourcePlugin } from '@halter/core'

/** What the placeholders of a text stand for; one that is undefined stays as it is written. */
export interface PlaceholderValues {
  readonly pluginRoot?: string
  readonly pluginData?: string
  readonly skillDir?: string
}

const NAMES: Readonly<Record<string, keyof PlaceholderValues>> = {
  PLUGIN_ROOT: 'pluginRoot',
  CLAUDE_PLUGIN_ROOT: 'pluginRoot',
  PLUGIN_DATA: 'pluginData',
  CLAUDE_PLUGIN_DATA: 'pluginData',
  CLAUDE_SKILL_DIR: 'skillDir',
}

/**
 * Fills in `${PLUGIN_ROOT}`, `${PLUGIN_DATA}`, their names in Claude Code and `${CLAUDE_SKILL_DIR}`, once: what comes in with a value
 * is not looked at again. Everything else stays, `${CLAUDE_PROJECT_DIR}` and `$ARGUMENTS` too: they belong to a call.
 */
export function fillPlaceholders(text: string, values: PlaceholderValues): string {
  return text.replace(/\$\{([A-Z_]+)\}/g, (whole, name: string) => {
    const key = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined
    return (key && values[key]) ?? whole
  })
}

/** What the placeholders stand for in the files of a plugin. */
export function valuesOf(plugin: ResourcePlugin | undefined, skillDir?: string): PlaceholderValues {
  return {
    ...(plugin && { pluginRoot: plugin.root, pluginData: plugin.dataDir }),
    ...(skillDir !== undefined && { skillDir }),
  }
}
