import { homedir } from 'node:os'
import { definePlugin, halterHome } from '@halter/core'
import { announceResources } from './announce.ts'
import { createSkillTool } from './commands/skill-tool.ts'
import { tapCommands } from './commands/tap-commands.ts'
import { GrantBook } from './commands/turn-grants.ts'
import type { Bundles } from './compile-resources.ts'
import type { FileLooks } from './file-looks.ts'
import { optionsSchema, wholePath, type ResourcesOptions } from './options.ts'
import { ResourceFiles } from './resource-files.ts'

export type { CommandsOptions } from './commands/tap-commands.ts'
export type { Bundles, ResourcePlaces } from './compile-resources.ts'
export type { ResourcesOptions } from './options.ts'
export { ResourceFiles } from './resource-files.ts'
export type { ArchiveLimits } from './sources/limits.ts'
export type { GithubOptions, SourcesOptions } from './sources/open-sources.ts'
export type { SourceLists, SourceOption } from './sources/source-options.ts'
export type { ResourceFilesOptions } from './resource-files.ts'

/** Brings skills, agents, commands, hooks, MCP servers and instructions from folders to sessions, and swaps them while they run. */
export default definePlugin({
  name: '@halter/plugin-resources',
  apiVersion: 1,
  config: optionsSchema,
  provides: ['resources'],
  contributes: ['tools'],
  requires: ['clock'],
  optional: ['trust', 'watcher', 'models'],
  async setup({ config, services, hooks, defer }) {
    const { roots = [], skills = [], user = true, project = true } = config
    const { clock, trust, watcher } = services
    const bundles = await openBundles(config, defer)
    const files = new ResourceFiles({
      home: halterHome(),
      userHome: homedir(),
      roots: roots.map(wholePath),
      skills: skills.map(wholePath),
      user,
      project,
      now: () => clock.now(),
      ...(trust && { isTrusted: (folder) => trust.isTrusted(folder) }),
      ...(watcher && { watcher }),
      ...(bundles && { bundles }),
    })
    defer(() => files.close())
    hooks.tap('turn.start', (_, ctx) => announceResources(ctx))
    const book = new GrantBook()
    tapCommands(hooks, config, book)
    return { resources: files, tools: config.skillTool === false ? [] : [createSkillTool(book)] }
  },
})

/** Plugins from marketplaces, archives and GitHub; what gets them is loaded when options name some, and not before. */
async function openBundles(
  options: ResourcesOptions,
  defer: (end: () => void) => void,
): Promise<((looks: FileLooks) => Promise<Bundles>) | undefined> {
  if (!options.sources?.length && !options.marketplaces?.length) return undefined
  const { openSources } = await import('./sources/open-sources.ts')
  const sources = openSources(options)
  const closing = new AbortController()
  defer(() => closing.abort())
  return async (looks) => {
    const { plugins, warnings, watched } = await sources.load(closing.signal, looks)
    return { plugins: plugins.map(({ folder }) => folder), warnings, watched }
  }
}
