import { realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { listTrusted, openQuestion, readProject, recordTrust, type ProjectContent } from '@halter/core/host'

/** Whether the file was trusted, or is not there yet, before a command of the user's changes it. */
export async function isOwn(file: string, home: string): Promise<boolean> {
  const path = realPath(file)
  const project = await readProject(dirname(file))
  if (!project.content.some((each) => each.path === path)) return true
  return !openQuestion(project, home).content.some((each) => each.path === path)
}

/** Trusts a configuration that the user has just had written: nobody else did. Everything else of the folder stays as it was. */
export async function trustOwn(file: string, home: string): Promise<void> {
  const { root, content } = await readProject(dirname(file))
  const path = realPath(file)
  const own: ProjectContent[] = content.filter((each) => each.path === path)
  // A folder of which something is trusted has to be answered for: only where the rest already is, or nothing else is there.
  const others = content.filter((each) => each.path !== path)
  const trusted = new Set(listTrusted(home).map((each) => each.path))
  if (others.every((each) => trusted.has(each.path))) recordTrust(home, root, own)
}

/** The name may be a link; the folder is real. */
function realPath(file: string): string {
  return join(realpathSync(dirname(file)), basename(file))
}
