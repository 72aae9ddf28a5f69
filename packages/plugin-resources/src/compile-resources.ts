import { join } from 'node:path'
import type { FileLooks } from './file-looks.ts'
import type { Gathered } from './gather.ts'
import { INSTRUCTION_NAMES, readInstructions } from './instructions.ts'
import { hasContent, PARTS, projectFolders, projectPlaces, userPlaces, type Place } from './places.ts'
import { Problems, TOO_LARGE, type ResourceProblem } from './problem.ts'
import type { GatheredPlaces } from './gather-all.ts'
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
  for (const file of looks.tooLarge) gathered.problems.push({ file, severity: 'warning', ...TOO_LARGE })
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

/** Most folders bring nothing, and most users have nothing: then what reads it is not even loaded. */
async function gather(
  places: GatheredPlaces,
  options: ResourcePlaces,
  bundles: Bundles | undefined,
  looks: FileLooks,
): Promise<Gathered> {
  const { roots = [], skills = [] } = options
  const isNothing =
    roots.length === 0 &&
    skills.length === 0 &&
    !bundles &&
    !hasContent([...places.project, ...places.own], looks)
  if (isNothing)
    return { plugins: [], skills: [], agents: [], commands: [], hooks: [], mcpServers: [], problems: [] }
  const { gatherAll } = await import('./gather-all.ts')
  return gatherAll(places, options, bundles, looks)
}
