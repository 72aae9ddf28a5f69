import { isAbsolute, normalize, resolve, sep } from 'node:path'
import { isInside, leadsOut, type FileLooks } from './file-looks.ts'

/** Where a component is, or why it is nowhere. */
export type ComponentPath = { readonly path: string } | { readonly problem: string; readonly cure: string }

const ROOT = /^\$\{(?:CLAUDE_)?PLUGIN_ROOT\}(?=\/|$)/

/**
 * Resolves a path that a manifest names: it begins with `./` or `${CLAUDE_PLUGIN_ROOT}/`, exists, and stays in the plugin, also
 * when every link is followed.
 */
export function componentPath(written: string, root: string, looks: FileLooks): ComponentPath {
  const quoted = JSON.stringify(written)
  const local = written.trim().replace(ROOT, '.')
  const leaves = { problem: `${quoted} leads out of the plugin.`, cure: 'Name something inside it.' }
  if (isAbsolute(local) || /^[a-z]:/i.test(local)) return leaves
  const path = resolve(root, normalize(local))
  if (!isInside(path, root)) return leaves
  if (local !== '.' && !/^\.[/\\]/.test(local))
    return {
      problem: `${quoted} does not begin with "./".`,
      cure: `Write ${JSON.stringify(`./${written.trim()}`)}.`,
    }
  if (looks.kind(path) === 'none') return { problem: `There is no ${quoted}.`, cure: 'Correct the path.' }
  if (leadsOut(path, root))
    return {
      problem: `${quoted} leads out of the plugin, over a link.`,
      cure: 'Put the files themselves in its place.',
    }
  return { path: path.endsWith(sep) && path !== sep ? path.slice(0, -1) : path }
}

/** One path or a list of them, as manifests have it; undefined: neither. */
export function pathList(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return value.trim() === '' ? [] : [value]
  if (Array.isArray(value) && value.every((each) => typeof each === 'string'))
    return value.filter((each) => each.trim() !== '')
  return undefined
}
