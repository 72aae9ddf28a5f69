import { join } from 'node:path'
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
import { INSTRUCTION_NAMES, readInstructions } from './instructions.ts'
import { hasContent, PARTS, projectFolders, projectPlaces, userPlaces, type Place } from './places.ts'
import { Problems, type ResourceProblem } from './problem.ts'
import type { PluginFolder } from './read-plugin.ts'
import { compileSnapshot, type Compiled } from './snapshot.ts'

/** Where resources are looked for. All paths are absolute. */
export interface ResourcePlaces {
  /** halter's own folder. */
  readonly home: string
  /** The user's home: `~/.claude` and `~/.agents` are in it. */
  readonly userHome: string
  /** Plugin folders, or folders of such. */
  readonly roots?: readonly string[]
  /** Skill folders, or folders of such. */
  readonly skills?: readonly string[]
  /** False: nothing of the user's own places. */
  readonly user?: boolean
  /** False: nothing of the working folder's. */
  readonly project?: boolean
}

/** Plugins that come from elsewhere. */
export interface Bundles {
  readonly plugins: readonly PluginFolder[]
  /** One sentence each. */
  readonly warnings: readonly string[]
  /** Folders whose content may change, absolute. */
  readonly watched: readonly string[]
}

/** A working folder's project: where it is, and what of it may be used. */
export interface Project {
  /** From the repository's root down to the working folder. */
  readonly folders: readonly string[]
  readonly places: readonly Place[]
  /** It brings what runs, or tells the model what to do. */
  readonly needsTrust: boolean
}

/** Everything of a working folder, compiled. */
export interface CompiledFolder extends Compiled {
  /** What tells of a change when it is watched. */
  readonly watched: readonly string[]
}

/** Looks at a working folder and those above it, and reads nothing yet. */
export function findProject(
  workingDir: string,
  { userHome, project = true }: ResourcePlaces,
  looks: FileLooks,
): Project {
  if (!project) return { folders: [], places: [], needsTrust: false }
  const folders = projectFolders(workingDir, looks)
  const places = projectPlaces(folders, userHome)
  return { folders, places, needsTrust: hasContent(places, looks) }
}

/** Reads everything that sessions of a project can use. What of the project needs trust is left out, with a warning, where it has none. */
export async function compileResources(
  project: Project,
  isTrusted: boolean,
  options: ResourcePlaces,
  bundles: Bundles | undefined,
  looks: FileLooks,
): Promise<CompiledFolder> {
  const { home, userHome, user = true } = options
  const own = user ? userPlaces(home, userHome) : []
  const userFile = user ? join(home, 'AGENTS.md') : undefined
  const gathered = await gather({ own, project: isTrusted ? project.places : [] }, options, bundles, looks)
  if (project.needsTrust && !isTrusted) gathered.problems.push(...untrusted(project.places, looks))
  const { instructions, problems } = readInstructions(userFile, project.folders, looks)
  gathered.problems.push(...problems)
  const watched = [
    ...(options.roots ?? []),
    ...(options.skills ?? []),
    ...(userFile === undefined ? [] : [userFile]),
    ...project.folders.flatMap((folder) => INSTRUCTION_NAMES.map((name) => join(folder, name))),
    // A folder that is not there yet is watched itself: what will be in it is not known to anybody.
    ...[...project.places, ...own].flatMap(({ folder }) =>
      looks.kind(folder) === 'none' ? [folder] : PARTS.map((part) => join(folder, part)),
    ),
    ...(bundles?.watched ?? []),
  ]
  return { ...compileSnapshot(gathered, instructions), watched }
}

/** Of two with one name the first counts, so what was named in a configuration comes first, then the nearest, then the user's. */
async function gather(
  { own, project }: { readonly own: readonly Place[]; readonly project: readonly Place[] },
  { home, roots = [], skills = [] }: ResourcePlaces,
  bundles: Bundles | undefined,
  looks: FileLooks,
): Promise<Gathered> {
  const gathered = emptyGathering()
  const dataHome = join(home, 'plugin-data')
  for (const root of skills) await gatherSkills(gathered, root, { looks })
  for (const place of [...project, ...own]) await gatherLoose(gathered, place, looks)
  for (const place of [...own, ...project.toReversed()]) gatherHooks(gathered, place, looks)
  for (const root of roots) {
    const { length } = gathered.plugins
    await gatherPlugins(gathered, root, { looks, dataHome })
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

function untrusted(places: readonly Place[], looks: FileLooks): readonly ResourceProblem[] {
  const [first, ...others] = places.filter((place) => hasContent([place], looks)).map(({ folder }) => folder)
  const problems = new Problems(first!)
  const more = others.length === 0 ? '' : ` Nor is what ${others.join(' and ')} bring.`
  problems.warning(
    `What this folder brings is not used, because nobody has trusted it.${more}`,
    'Read it; then answer yes at a terminal, pass --trust, or set HALTER_TRUST=1.',
  )
  return problems.list
}

/** A root that was named and holds no plugin is told; one that broke has told so itself. */
function noPlugin(root: string, looks: FileLooks, { problems }: Gathered): readonly ResourceProblem[] {
  const told = new Problems(root)
  if (looks.kind(root) === 'none')
    told.warning('There is no such folder.', 'Correct the path in the options.')
  else if (!problems.some(({ file }) => file.startsWith(root)))
    told.warning('There is no plugin here, nor in a folder in it.', 'Add a manifest, or correct the path.')
  return told.list
}
