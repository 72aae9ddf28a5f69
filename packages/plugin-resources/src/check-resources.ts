import { basename, join, resolve } from 'node:path'
import { checkFindings, type CheckScope } from './check-findings.ts'
import { FileLooks } from './file-looks.ts'
import { emptyGathering, gatherHooks, gatherLoose, type Findings } from './gather.ts'
import { findManifest } from './manifest.ts'
import { Problems, TOO_LARGE, type ResourceProblem } from './problem.ts'
import { readPluginFolder } from './read-plugin.ts'
import { readSkillFolder } from './read-skill.ts'
import { findSkills } from './find-skills.ts'
import { compileSnapshot } from './snapshot.ts'

/** What a folder was found to be, for its author. */
export interface CheckedFolder {
  readonly kind: 'plugin' | 'skill' | 'marketplace' | 'folder'
  /** What is in it, in a line. */
  readonly summary: string
  /** By file and line; of all severities. */
  readonly problems: readonly ResourceProblem[]
}

/** What only others know. */
export interface CheckOptions {
  /** Whether there is a hook event of this name. Absent: every name passes. */
  isHookEvent?(name: string): boolean
}

/**
 * Checks a folder for the people who write it: a plugin of any layout, a skill, a marketplace, a folder of them, or a folder such as
 * `.claude`. Nothing in it is run, and nothing is fetched.
 */
export async function checkResources(folder: string, options: CheckOptions = {}): Promise<CheckedFolder> {
  const root = resolve(folder)
  const looks = new FileLooks()
  const scope = { ...options, looks }
  const kind = looks.kind(root)
  if (kind !== 'folder') {
    const problems = new Problems(root)
    problems.error(
      kind === 'none' ? 'There is nothing here.' : 'It is no folder.',
      'Name the folder of a plugin or skill.',
    )
    return { kind: 'folder', summary: 'nothing', problems: problems.list }
  }
  const { isMarketplace } = await import('./sources/marketplace.ts')
  const checked = (await isMarketplace(root))
    ? await checkMarketplace(root, scope)
    : await checkAny(root, scope)
  const large = [...looks.tooLarge].map((file) => ({ file, severity: 'warning' as const, ...TOO_LARGE }))
  return { ...checked, problems: inOrder([...checked.problems, ...large]) }
}

/** A folder that is no marketplace. */
async function checkAny(root: string, scope: CheckScope): Promise<CheckedFolder> {
  const { looks } = scope
  if (findManifest(root, looks)) return checkPlugin(root, scope)
  const names = looks.list(root)
  const skillFile = names.find((name) => name.toLowerCase() === 'skill.md')
  if (skillFile !== undefined && !names.includes('skills')) return checkSkill(root, scope)
  if (basename(root).startsWith('.')) return checkPlace(root, scope)
  if (['skills', 'commands', 'agents', 'hooks', '.mcp.json'].some((name) => names.includes(name)))
    return checkPlugin(root, scope)
  return checkMany(root, scope)
}

async function checkPlugin(root: string, scope: CheckScope, name?: string): Promise<CheckedFolder> {
  const { looks } = scope
  const folder = await readPluginFolder(root, { looks, ...(name !== undefined && { name }) })
  const { plugin, problems, ...found } = folder
  if (!plugin) return { kind: 'plugin', summary: 'a plugin that cannot be used', problems }
  const { version, layout } = plugin
  const checked: Findings = { ...emptyGathering(), ...found, plugins: [plugin], problems: [...problems] }
  return {
    kind: 'plugin',
    summary: `plugin ${plugin.name}${version === undefined ? '' : ` ${version}`} (${layout}): ${count(found)}`,
    problems: [...named(checked), ...checkFindings(root, checked, scope)],
  }
}

async function checkSkill(root: string, scope: CheckScope): Promise<CheckedFolder> {
  const { looks } = scope
  const { skill, problems } = await readSkillFolder(root, { looks })
  const checked: Findings = { ...emptyGathering(), skills: skill ? [skill] : [], problems: [...problems] }
  const summary = skill ? `skill ${skill.name}` : 'a skill that cannot be used'
  return { kind: 'skill', summary, problems: [...problems, ...checkFindings(root, checked, scope)] }
}

/** A folder such as `.claude`, whose parts are read one by one. */
async function checkPlace(root: string, scope: CheckScope): Promise<CheckedFolder> {
  const { looks } = scope
  const gathered = emptyGathering()
  const place = { folder: root, hasPlugins: true }
  await gatherLoose(gathered, place, looks)
  gatherHooks(gathered, place, looks)
  const plugins = join(root, 'plugins')
  const more = looks.kind(plugins) === 'folder' ? (await checkMany(plugins, scope)).problems : []
  return {
    kind: 'folder',
    summary: count(gathered),
    problems: [...named(gathered), ...checkFindings(root, gathered, scope), ...more],
  }
}

/** Plugins and skills in a folder that is neither. */
async function checkMany(root: string, scope: CheckScope): Promise<CheckedFolder> {
  const { looks } = scope
  const plugins = looks
    .list(root)
    .map((name) => join(root, name))
    .filter((each) => findManifest(each, looks))
  const skills = findSkills(root, looks).filter(
    (skill) => !plugins.some((plugin) => skill.startsWith(plugin)),
  )
  const checked = [
    ...(await Promise.all(plugins.map((each) => checkPlugin(each, scope)))),
    ...(await Promise.all(skills.map((each) => checkSkill(each, scope)))),
  ]
  const problems = new Problems(root)
  if (checked.length === 0) problems.error('There is no plugin and no skill here.', 'Name the folder of one.')
  return {
    kind: 'folder',
    summary: checked.map(({ summary }) => summary).join('; ') || 'nothing',
    problems: [...problems.list, ...checked.flatMap((each) => each.problems)],
  }
}

async function checkMarketplace(root: string, scope: CheckScope): Promise<CheckedFolder> {
  const { readMarketplace, resolveEntry } = await import('./sources/marketplace.ts')
  const problems = new Problems(root)
  try {
    const { name, file, entries } = await readMarketplace(root)
    const ofEntries = new Problems(file)
    const checked = await Promise.all(
      entries.map(async (entry) => {
        try {
          const place = await resolveEntry(root, entry)
          return place.kind === 'local' ? await checkPlugin(place.root, scope, entry.name) : undefined
        } catch (error) {
          ofEntries.error(`The plugin "${entry.name}": ${messageOf(error)}`, '')
          return undefined
        }
      }),
    )
    const local = checked.filter((each) => each !== undefined)
    return {
      kind: 'marketplace',
      summary: `marketplace ${name}: ${entries.length} plugins, ${local.length} of them in this folder`,
      problems: [...ofEntries.list, ...local.flatMap((each) => each.problems)],
    }
  } catch (error) {
    problems.error(messageOf(error), '')
    return { kind: 'marketplace', summary: 'a marketplace that cannot be used', problems: problems.list }
  }
}

/** What was said of the files, and of two that have one name. */
function named(gathered: Findings): readonly ResourceProblem[] {
  return compileSnapshot(gathered, []).problems
}

function count({
  skills,
  agents,
  commands,
  hooks,
  mcpServers,
}: Omit<Findings, 'plugins' | 'problems'>): string {
  const parts = [
    [skills.length, 'skill'],
    [agents.length, 'agent'],
    [commands.length, 'command'],
    [hooks.length, 'hook file'],
    [mcpServers.length, 'MCP server'],
  ] as const
  const there = parts.filter(([number]) => number > 0)
  return there.map(([number, word]) => `${number} ${word}${number === 1 ? '' : 's'}`).join(', ') || 'nothing'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function inOrder(problems: readonly ResourceProblem[]): readonly ResourceProblem[] {
  const unique = new Map(problems.map((each) => [JSON.stringify(each), each]))
  return [...unique.values()].toSorted(
    (a, b) => compare(a.file, b.file) || (a.line ?? 0) - (b.line ?? 0) || compare(a.message, b.message),
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
