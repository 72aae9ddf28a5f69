import type { FolderTrust } from '../contracts/trust.ts'
import { HalterError } from '../errors.ts'
import { FileDigests } from './file-digests.ts'
import { readProject, readProjectAgain, type Project, type ProjectContent } from './project-content.ts'
import { isInside } from './trust-folders.ts'
import { listTrusted, recordTrust } from './trust-record.ts'

/** A folder brings what would run, or widen what may run: may it be applied? */
export interface TrustQuestion {
  /** The project's: its repository's root, or the folder itself. */
  readonly folder: string
  /** What nobody has said yes to yet, as it is now. */
  readonly content: readonly (ProjectContent & { readonly hasChanged: boolean })[]
}

/** `always` is remembered until the content changes; `no` goes on without what the folder brings. */
export type TrustAnswer = 'always' | 'once' | 'no'

/** Who decides whether what a folder brings is applied. */
export interface TrustOptions {
  /** See `halterHome`. Answers are kept in its `trusted.json`. */
  readonly home: string
  readonly env: NodeJS.ProcessEnv
  /** The caller has said yes for this run. */
  readonly isTrusted?: boolean
  /** Asks a person. Absent: nobody can be asked. */
  ask?(question: TrustQuestion): Promise<TrustAnswer>
}

/** What was decided about the folder that halter was started in. */
export interface TrustDecision {
  readonly mayApply: boolean
  /** For plugins, and for other folders that sessions work in. */
  readonly trust: FolderTrust
  /** What is left out, when that is for want of trust. */
  readonly leftOut: readonly ProjectContent[]
}

/**
 * Whether to apply what a folder brings. In this order: the caller, `HALTER_TRUST` (`1` trusts, `0` leaves it out), what was
 * answered before for the same content, a person. Where nobody can be asked, a folder without a configuration and hooks, of which nothing
 * was ever trusted is left alone; any other is an error, for its hooks may be what keeps tools in check.
 * @throws HalterError `ERR_CONFIG_UNTRUSTED`, naming the files, when none of these says anything.
 */
export async function decideTrust(cwd: string, options: TrustOptions): Promise<TrustDecision> {
  const project = await readProject(cwd)
  const said = options.isTrusted ? true : saidByVariable(options.env)
  if (said === true) return { mayApply: true, trust: inside(project.root, options.home), leftOut: [] }
  if (said === false) return { mayApply: false, trust: NOBODY, leftOut: project.content }

  const question = openQuestion(project, options.home)
  const trust = recorded(options.home, new Set())
  if (question.content.length === 0) return { mayApply: true, trust, leftOut: [] }
  if (!options.ask) {
    if (mustBeAnswered(project, question)) throw untrusted(question)
    return { mayApply: false, trust, leftOut: question.content }
  }
  const answer = await options.ask(question)
  if (answer === 'no') return { mayApply: false, trust, leftOut: question.content }
  // A person takes their time: what they have read must be what is there now.
  if (!isSame(project, await readProject(cwd))) return await decideTrust(cwd, options)
  if (answer === 'always') recordTrust(options.home, project.root, project.content)
  return { mayApply: true, trust: recorded(options.home, new Set(project.content.map(keyOf))), leftOut: [] }
}

/** What of a project nobody has said yes to, as it is now. */
export function openQuestion({ root, content }: Project, home: string): TrustQuestion {
  const trusted = new Map(listTrusted(home).map((each) => [each.path, each.sha256]))
  return {
    folder: root,
    content: content
      .filter(({ path, sha256 }) => sha256 === undefined || trusted.get(path) !== sha256)
      .map((each) => ({ ...each, hasChanged: trusted.has(each.path) })),
  }
}

function saidByVariable({ HALTER_TRUST }: NodeJS.ProcessEnv): boolean | undefined {
  if (HALTER_TRUST === '1' || HALTER_TRUST === 'true') return true
  if (HALTER_TRUST === '0' || HALTER_TRUST === 'false') return false
  if (!HALTER_TRUST) return undefined
  throw new HalterError(
    'ERR_CONFIG',
    `HALTER_TRUST is "${HALTER_TRUST}", which says neither yes nor no. Set it to 1 or to 0.`,
  )
}

function mustBeAnswered({ content }: Project, question: TrustQuestion): boolean {
  return (
    content.some(({ kind }) => kind === 'configuration' || kind === 'hooks') ||
    question.content.length < content.length ||
    question.content.some(({ hasChanged }) => hasChanged)
  )
}

function untrusted({ folder, content }: TrustQuestion): HalterError {
  const files = content.map(({ path, hasChanged }) => `\n  ${path}${hasChanged ? ' (has changed)' : ''}`)
  return new HalterError(
    'ERR_CONFIG_UNTRUSTED',
    `${folder} brings what can run, and nobody has trusted it:${files.join('')}\nRead it; then pass --trust or set HALTER_TRUST=1, or answer once at a terminal. To go on without it, set HALTER_TRUST=0.`,
    { data: { folder, content } },
  )
}

const NOBODY: FolderTrust = Object.freeze({ isTrusted: () => Promise.resolve(false) })

/** Everything in the project's folder; other folders by the record. */
function inside(root: string, home: string): FolderTrust {
  const others = recorded(home, new Set())
  return {
    isTrusted: async (folder) => (await isInside(folder, [root])) || (await others.isTrusted(folder)),
  }
}

/** What the record holds, and what somebody has said yes to for this run. */
function recorded(home: string, once: ReadonlySet<string>): FolderTrust {
  const digests = new FileDigests()
  return {
    isTrusted: async (folder) => {
      const project = await readProjectAgain(folder, digests)
      if (project.content.length === 0) return false
      return openQuestion(project, home).content.every((each) => once.has(keyOf(each)))
    },
  }
}

function isSame(before: Project, now: Project): boolean {
  return before.content.map(keyOf).join('\n') === now.content.map(keyOf).join('\n')
}

function keyOf({ path, sha256 }: ProjectContent): string {
  return `${path}\0${sha256}`
}
