import { readdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { SkillResource } from '@halter/core'
import { isInside, type FileLooks } from './file-looks.ts'
import type { Manifest } from './manifest.ts'
import { lineAt, Problems, type ResourceProblem } from './problem.ts'
import { lineOfKey } from './read-json.ts'

/** Folders that hold components, and belong beside the folder of the manifest, not into it. */
const COMPONENTS = ['skills', 'commands', 'agents', 'hooks', '.mcp.json', 'hooks.json']

/** Looks for what a plugin's author has put where nobody looks. */
export function checkLayout(
  root: string,
  manifest: Manifest | undefined,
  looks: FileLooks,
): readonly ResourceProblem[] {
  const problems = new Problems(manifest?.file ?? root)
  const inside = manifest && dirname(manifest.file)
  if (inside !== undefined && inside !== root)
    for (const name of COMPONENTS)
      if (looks.kind(join(inside, name)) !== 'none')
        problems.error(
          `${name} is in ${basename(inside)}, where nobody looks for it.`,
          `Move it beside ${basename(inside)}.`,
        )
  if (manifest && !manifest.isPortable)
    for (const key of ['commands', 'agents'])
      if (ignores(key, root, manifest, looks))
        problems.warning(
          `The folder ${key} is not read, because the manifest names "${key}".`,
          `Name "./${key}" there too.`,
          lineOfKey(manifest.text, key),
        )
  if (manifest?.isPortable)
    for (const name of ['commands', 'agents', 'hooks'])
      if (looks.kind(join(root, name)) === 'folder')
        problems.note(
          `The folder ${name} is no part of Agent Plugins, and is not read.`,
          'Leave it for other agents.',
        )
  if (looks.kind(join(root, 'CLAUDE.md')) === 'file')
    problems.note('The CLAUDE.md of a plugin is not read.', 'Put what it says into a skill.')
  return problems.list
}

/** True when a usual folder is there and the manifest names others in its place. */
function ignores(key: string, root: string, { value }: Manifest, looks: FileLooks): boolean {
  if (value[key] === undefined || looks.kind(join(root, key)) !== 'folder') return false
  return !JSON.stringify(value[key]).includes(`./${key}`)
}

/** Looks for folders among skills that are none, such as one whose file is called skill.md. */
export function checkSkillFolders(folder: string, looks: FileLooks): readonly ResourceProblem[] {
  return looks.list(folder).flatMap((name) => {
    const path = join(folder, name)
    if (looks.kind(path) !== 'folder' || name.startsWith('.')) return []
    const names = looks.list(path)
    if (names.includes('SKILL.md')) return []
    const problems = new Problems(path)
    const other = names.find((each) => each.toLowerCase() === 'skill.md')
    if (other !== undefined) problems.error(`Its file is called ${other}.`, 'Rename it to SKILL.md.')
    else if (!hasSkillBelow(path, looks))
      problems.warning('There is no SKILL.md in it.', 'Add one, or remove the folder.')
    return problems.list
  })
}

function hasSkillBelow(folder: string, looks: FileLooks, depth = 0): boolean {
  return looks
    .list(folder)
    .some(
      (name) =>
        name === 'SKILL.md' ||
        (depth < 4 &&
          looks.kind(join(folder, name)) === 'folder' &&
          hasSkillBelow(join(folder, name), looks, depth + 1)),
    )
}

/** Looks for the files that a skill names: links, and paths in `scripts/`, `references/` and `assets/`. */
export function checkSkillFiles(
  { source, root }: SkillResource,
  looks: FileLooks,
): readonly ResourceProblem[] {
  const problems = new Problems(source)
  const content = looks.text(source)
  if (root === undefined || !('text' in content)) return []
  const told = new Set<string>()
  for (const match of content.text.matchAll(NAMED)) {
    const written = match[1] ?? match[2]!
    const path = written.replace(/#.*$/, '')
    if (path === '' || /^[a-z]+:|^\/|[<>{}*$]/i.test(path) || told.has(path)) continue
    told.add(path)
    const line = lineAt(content.text, match.index)
    if (!isInside(resolve(root, path), root))
      problems.note(`It names ${written}, which is outside of its folder.`, 'Bring the file along.', line)
    else if (looks.kind(resolve(root, path)) === 'none')
      problems.warning(`It names ${written}, which is not there.`, 'Add the file, or correct the path.', line)
  }
  problems.list.push(...checkScripts(root, looks))
  return problems.list
}

/** A markdown link, or a path in one of the folders that agentskills.io names. */
const NAMED = /\]\(([^)\s]+)\)|(?<![\w./}$-])((?:\.\/)?(?:scripts|references|assets)\/[\w./-]*\w)/g

function checkScripts(root: string, looks: FileLooks): readonly ResourceProblem[] {
  const folder = join(root, 'scripts')
  if (looks.kind(folder) !== 'folder') return []
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = join(folder, entry.name)
    const content = entry.isFile() ? looks.text(file) : undefined
    if (!content || !('text' in content) || !content.text.startsWith('#!')) return []
    const problems = new Problems(file)
    if (/^#![^\n]*\r\n/.test(content.text))
      problems.error(
        'Its first line ends in a carriage return, so no shell finds its interpreter.',
        'Save it with Unix line ends.',
        1,
      )
    return problems.list
  })
}
