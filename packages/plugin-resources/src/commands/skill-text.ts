import { readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import type { SkillResource } from '@halter/core'

const MAX_FILES = 100
const MAX_DEPTH = 4
const LEFT_OUT = new Set(['node_modules', '.git', '__pycache__'])

/** What stands before the body of a skill: what it is, where it lies and what lies beside it. */
export async function skillHeading({ name, root }: Pick<SkillResource, 'name' | 'root'>): Promise<string> {
  if (root === undefined) return `# Skill: ${name}\n\n`
  const files = await filesOf(root)
  const shown = files.slice(0, MAX_FILES).map((file) => `\n- ${oneLine(file)}`)
  const more = files.length > MAX_FILES ? `\n- and ${files.length - MAX_FILES} more` : ''
  const list = files.length === 0 ? '' : `\nFiles in it:${shown.join('')}${more}`
  return `# Skill: ${name}\n\nFolder: ${oneLine(root)}${list}\n\n`
}

/** The files of a skill beside its SKILL.md, from its folder, by name. */
async function filesOf(root: string): Promise<readonly string[]> {
  const files: string[] = []
  const visit = async (folder: string, depth: number): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name)
      if (files.length > 10 * MAX_FILES || LEFT_OUT.has(entry.name)) continue
      if (entry.isDirectory() && depth < MAX_DEPTH) await visit(path, depth + 1)
      else if (entry.isFile()) files.push(relative(root, path).split(sep).join('/'))
    }
  }
  await visit(root, 1)
  return files.filter((file) => file !== 'SKILL.md')
}

/** A file may be named with a line break, and must not write the text with it. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ')
}
