import { dirname, join } from 'node:path'
import { checkLayout, checkSkillFiles, checkSkillFolders } from './check-files.ts'
import { checkHooks } from './check-hooks.ts'
import type { FileLooks } from './file-looks.ts'
import type { Findings } from './gather.ts'
import { readManifest } from './manifest.ts'
import type { ResourceProblem } from './problem.ts'

/** What a check works with. */
export interface CheckScope {
  readonly looks: FileLooks
  isHookEvent?(name: string): boolean
}

/** What is wrong around the files of a folder: what they name and is not there, and what lies where nobody looks. */
export function checkFindings(
  root: string,
  checked: Findings,
  scope: CheckScope,
): readonly ResourceProblem[] {
  const { looks } = scope
  const { plugins, skills, hooks } = checked
  const { manifest } = plugins.length > 0 ? readManifest(root, looks) : {}
  const folders = new Set(
    skills.map(({ root: folder }) => dirname(folder ?? root)).filter((each) => each.endsWith('skills')),
  )
  folders.add(join(root, 'skills'))
  return [
    ...(plugins.length > 0 ? checkLayout(root, manifest, looks) : []),
    ...[...folders].flatMap((folder) => checkSkillFolders(folder, looks)),
    ...skills.flatMap((skill) => checkSkillFiles(skill, looks)),
    ...hooks.flatMap(({ source, value, plugin }) =>
      checkHooks({ file: source, value, ...(plugin && { root }) }, scope),
    ),
  ]
}
