import { join } from 'node:path'
import type { Bundles, ResourcePlaces } from './compile-resources.ts'
import type { FileLooks } from './file-looks.ts'
import {
  addPlugin,
  emptyGathering,
  gatherHooks,
  gatherLoose,
  gatherPlugins,
  gatherSkills,
  type Gathered,
} from './gather.ts'
import type { Place } from './places.ts'
import { Problems, type ResourceProblem } from './problem.ts'

/** Places that may be read. */
export interface GatheredPlaces {
  readonly own: readonly Place[]
  /** The nearest first. */
  readonly project: readonly Place[]
}

/** Of two with one name the first counts, so what was named in a configuration comes first, then the nearest, then the user's. */
export async function gatherAll(
  { own, project }: GatheredPlaces,
  { home, roots = [], skills = [] }: ResourcePlaces,
  bundles: Bundles | undefined,
  looks: FileLooks,
): Promise<Gathered> {
  const gathered = emptyGathering()
  const dataHome = join(home, 'plugin-data')
  for (const root of skills) {
    await gatherSkills(gathered, root, { looks })
    if (looks.kind(root) !== 'folder') gathered.problems.push(noFolder(root))
  }
  for (const place of [...project, ...own]) await gatherLoose(gathered, place, looks)
  for (const place of [...own, ...project.toReversed()]) gatherHooks(gathered, place, looks)
  for (const root of roots) {
    const { length } = gathered.plugins
    await gatherPlugins(gathered, root, { looks, dataHome, isNamed: true })
    if (gathered.plugins.length === length) gathered.problems.push(...noPlugin(root, looks, gathered))
  }
  for (const plugin of bundles?.plugins ?? []) addPlugin(gathered, plugin)
  for (const message of bundles?.warnings ?? [])
    gathered.problems.push({ file: '', severity: 'warning', message, cure: '' })
  for (const { folder, within, hasPlugins } of [...project, ...own])
    if (hasPlugins)
      await gatherPlugins(gathered, join(folder, 'plugins'), {
        looks,
        dataHome,
        ...(within !== undefined && { within }),
      })
  return gathered
}

/** A root that was named and holds no plugin is told; one that broke has told so itself. */
function noPlugin(root: string, looks: FileLooks, { problems }: Gathered): readonly ResourceProblem[] {
  const told = new Problems(root)
  if (looks.kind(root) !== 'folder') return [noFolder(root)]
  if (!problems.some(({ file }) => file.startsWith(root)))
    told.warning('There is no plugin here, nor in a folder in it.', 'Add a manifest, or correct the path.')
  return told.list
}

function noFolder(file: string): ResourceProblem {
  const cure = 'Correct the path in the options.'
  return { file, severity: 'warning', message: 'There is no such folder.', cure }
}
