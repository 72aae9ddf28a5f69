import { join } from 'node:path'
import type {
  AgentResource,
  CommandResource,
  DeclaredResource,
  ResourcePlugin,
  SkillResource,
} from '@halter/core'
import { componentPath, pathList } from './component-path.ts'
import { leadsOut, type FileLooks } from './file-looks.ts'
import { Problems, type ResourceProblem } from './problem.ts'
import type { ReadFileOptions } from './read-markdown.ts'
import { lineOfKey } from './read-json.ts'
import type { Manifest } from './manifest.ts'

/** What has been found in a plugin so far, and what its components are read with. */
export interface PluginReader {
  readonly root: string
  readonly plugin: ResourcePlugin
  readonly manifest?: Manifest
  readonly looks: FileLooks
  /** Of the manifest itself. */
  readonly problems: Problems
  readonly found: {
    readonly skills: SkillResource[]
    readonly agents: AgentResource[]
    readonly commands: CommandResource[]
    readonly hooks: DeclaredResource[]
    readonly mcpServers: DeclaredResource[]
    readonly problems: ResourceProblem[]
  }
}

/** How files of the plugin are read. */
export function fileOptions({ root, plugin, looks }: PluginReader): ReadFileOptions {
  return { looks, plugin, within: root, readRoot: root }
}

/** The value of a manifest's key; undefined where it has none, or has no say in it. */
export function manifestValue({ manifest }: PluginReader, key: string): unknown {
  return manifest && !manifest.isPortable && Object.hasOwn(manifest.value, key)
    ? manifest.value[key]
    : undefined
}

/** The paths that a key of the manifest names, resolved; what is wrong with one leaves out only that one. */
export function manifestPaths(reader: PluginReader, key: string): readonly string[] {
  const value = manifestValue(reader, key)
  if (value === undefined) return []
  const paths = pathList(value)
  if (!paths) {
    refuse(
      reader,
      key,
      `Its "${key}" is no path, and no list of paths.`,
      'Write "./folder", or a list of such.',
    )
    return []
  }
  return paths.flatMap((path) => manifestPath(reader, key, path) ?? [])
}

/** One path that the manifest names, resolved; undefined: the problem is told. */
export function manifestPath(reader: PluginReader, key: string, written: string): string | undefined {
  const resolved = componentPath(written, reader.root, reader.looks)
  if ('path' in resolved) return resolved.path
  refuse(reader, key, `"${key}": ${resolved.problem}`, resolved.cure)
  return undefined
}

/** What the manifest says of a component cannot be used. */
export function refuse(reader: PluginReader, key: string, message: string, cure: string): void {
  reader.problems.error(message, cure, reader.manifest && lineOfKey(reader.manifest.text, key))
}

/** A component's usual place, if it is there, of the right kind and inside the plugin; the second is told, the first is normal. */
export function usualPlace(
  { root, looks, found }: PluginReader,
  name: string,
  kind: 'file' | 'folder',
): string | undefined {
  const path = join(root, name)
  const actual = looks.kind(path)
  if (actual === 'none') return undefined
  const problems = new Problems(path)
  if (actual !== kind) problems.error(`It is no ${kind}.`, `Put a ${kind} in its place.`)
  else if (leadsOut(path, root))
    problems.error('It leads out of the plugin.', 'Put the files themselves in its place, not a link.')
  found.problems.push(...problems.list)
  return problems.list.length === 0 ? path : undefined
}
