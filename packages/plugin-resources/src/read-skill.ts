import { basename, join } from 'node:path'
import type { ResourcePlugin, SkillResource } from '@halter/core'
import { Attributes } from './attributes.ts'
import { exactly, FileLooks, leadsOut } from './file-looks.ts'
import { fillPlaceholders, valuesOf } from './placeholders.ts'
import { Problems, type ResourceProblem } from './problem.ts'
import { checkSkill } from './skill-rules.ts'

/** What a folder with a SKILL.md turned out to be. */
export interface SkillFolder {
  /** Absent: the folder has no SKILL.md that can be used; `problems` says why. */
  readonly skill?: SkillResource
  readonly problems: readonly ResourceProblem[]
}

/** How a skill is read. */
export interface ReadSkillOptions {
  /** The bundle it belongs to. */
  readonly plugin?: ResourcePlugin
  /** A folder that no link may lead out of, absolute. Default: the plugin's; none for a loose skill. */
  readonly within?: string
  /** What it is known as when its front matter names nothing. Default: the name of its folder. */
  readonly name?: string
  /** Where it will be, if not in `root`. */
  readonly shownRoot?: string
  /** Agent Plugins leave out a skill that is against agentskills.io; everybody else takes it. */
  readonly isStrict?: boolean
  readonly looks?: FileLooks
}

/**
 * Reads the skill in `root`, an absolute path, by the rules of agentskills.io and Claude Code. Whatever is wrong is a problem, never
 * an exception.
 */
export async function readSkillFolder(root: string, options: ReadSkillOptions = {}): Promise<SkillFolder> {
  const { plugin, looks = new FileLooks(), shownRoot = root } = options
  const file = exactly(looks, root, 'SKILL.md') ?? join(root, 'SKILL.md')
  const problems = new Problems(file)
  const within = options.within ?? (shownRoot === root ? plugin?.root : undefined)
  if (looks.kind(file) === 'none') {
    problems.error('There is no SKILL.md here.', 'Add one, or remove the folder.')
    return { problems: problems.list }
  }
  if (within !== undefined && leadsOut(file, within)) {
    problems.error(`It leads out of ${within}.`, 'Put the file itself in its place, not a link.')
    return { problems: problems.list }
  }
  const document = await looks.markdown(file)
  if ('problem' in document) {
    problems.error(document.problem, document.cure)
    return { problems: problems.list }
  }
  problems.list.push(...document.problems)
  const attributes = new Attributes(document, problems)
  const folder = options.name ?? basename(root)
  const name = attributes.text('name') ?? folder
  const description = attributes.text('description') ?? firstParagraph(document.body)
  checkSkill({ folder, document, attributes }, problems, options.isStrict ?? false)
  if (problems.list.some(({ severity }) => severity === 'error')) return { problems: problems.list }
  const allowedTools = attributes.list('allowed-tools')
  const argumentHint = hint(attributes)
  const skill: SkillResource = {
    name,
    description,
    body: fillPlaceholders(document.body, valuesOf(plugin, shownRoot)),
    source: join(shownRoot, 'SKILL.md'),
    root: shownRoot,
    ...(plugin && { plugin }),
    ...(allowedTools && { allowedTools }),
    ...(attributes.flag('disable-model-invocation') === true && { modelInvocable: false }),
    ...(attributes.flag('user-invocable') === false && { userInvocable: false }),
    ...(argumentHint !== undefined && { argumentHint }),
  }
  return { skill, problems: problems.list }
}

/** `argument-hint: [file]` is a list to YAML, and a hint to its author. */
export function hint(attributes: Attributes): string | undefined {
  const value = attributes.raw('argument-hint')
  return Array.isArray(value) ? `[${value.map(String).join(', ')}]` : attributes.text('argument-hint')
}

/** What stands for a description that nobody has written. */
export function firstParagraph(body: string): string {
  const paragraph = body.split(/\n\s*\n/).find((each) => !/^\s*(#|```)/.test(each)) ?? ''
  return paragraph.replace(/\s+/g, ' ').trim()
}
