import type { Attributes } from './attributes.ts'
import type { MarkdownDocument } from './front-matter.ts'
import { lineAt, type Problems } from './problem.ts'

/** By agentskills.io. Characters. */
const MAX_NAME = 64
const MAX_DESCRIPTION = 1024
const MAX_COMPATIBILITY = 500
/** By the advice of agentskills.io: more belongs into files beside it. Lines. */
const MAX_LINES = 500

/** Keys of agentskills.io, and those of Claude Code that mean something here. */
const KNOWN = [
  'name',
  'description',
  'license',
  'compatibility',
  'metadata',
  'allowed-tools',
  'disable-model-invocation',
  'user-invocable',
  'argument-hint',
]
/** Keys of Claude Code that have no meaning here yet. */
const WITHOUT_EFFECT = ['model', 'effort', 'context', 'agent', 'hooks', 'paths', 'shell', 'when_to_use']

/** A skill as its file has it. */
export interface SkillFile {
  /** The name of its folder. */
  readonly folder: string
  readonly document: MarkdownDocument
  readonly attributes: Attributes
}

/**
 * Holds a skill against agentskills.io/specification. What is against its rules is a note: such skills are in use and work. Only where
 * `isStrict`, as Agent Plugins wants it (§7.1), is it an error, and the skill is left out.
 */
export function checkSkill(skill: SkillFile, problems: Problems, isStrict: boolean): void {
  const { attributes, document } = skill
  const rule = (message: string, cure: string, key?: string): void => {
    const line = key === undefined ? undefined : attributes.line(key)
    if (isStrict) problems.error(message, cure, line)
    else problems.note(message, cure, line)
  }
  checkName(skill, rule)
  checkDescription(skill, problems, rule)
  const compatibility = attributes.text('compatibility')
  if (compatibility !== undefined && compatibility.length > MAX_COMPATIBILITY)
    rule(
      `Its compatibility has ${compatibility.length} characters; ${MAX_COMPATIBILITY} are allowed.`,
      'Shorten it.',
      'compatibility',
    )
  if (document.body === '')
    problems.error('It has no text.', 'Write below the front matter what is to be done.')
  const lines = lineAt(document.body, document.body.length)
  if (lines > MAX_LINES)
    problems.note(
      `It has ${lines} lines; beyond ${MAX_LINES} they crowd out the work.`,
      'Move details into files beside it, and name them in it.',
    )
  for (const key of attributes.keys()) {
    if (WITHOUT_EFFECT.includes(key))
      problems.note(`"${key}" has no effect here.`, 'Leave it for other agents.', attributes.line(key))
    else if (!KNOWN.includes(key))
      problems.note(
        `"${key}" is no key of a skill.`,
        'Put it under metadata, or correct it.',
        attributes.line(key),
      )
  }
}

type Rule = (message: string, cure: string, key?: string) => void

function checkName({ folder, attributes }: SkillFile, rule: Rule): void {
  const name = attributes.text('name')
  if (name === undefined) {
    rule('It has no name.', `Add name: ${folder} to its front matter.`)
    return
  }
  if (name.length > MAX_NAME)
    rule(`Its name has ${name.length} characters; ${MAX_NAME} are allowed.`, 'Shorten it.', 'name')
  // Letters of any script: the specification says lower-case letters, and its validator means Unicode's.
  else if (!/^[\p{Ll}\p{Lo}\p{N}]+(-[\p{Ll}\p{Lo}\p{N}]+)*$/u.test(name))
    rule(
      `Its name "${name}" is not made of lower-case letters, digits and single hyphens.`,
      'Rename it, such as pdf-forms.',
      'name',
    )
  if (name !== folder)
    rule(`Its name "${name}" is not that of its folder, "${folder}".`, 'Rename one of them.', 'name')
}

function checkDescription({ attributes, document }: SkillFile, problems: Problems, rule: Rule): void {
  const description = attributes.text('description')
  if (description === undefined) {
    const cure = 'Add one to its front matter: what it does, and when to use it.'
    rule('It has no description.', cure)
    if (document.body !== '') problems.warning('Its first paragraph stands for a description.', cure)
  } else if (description.length > MAX_DESCRIPTION)
    rule(
      `Its description has ${description.length} characters; ${MAX_DESCRIPTION} are allowed.`,
      'Shorten it.',
      'description',
    )
}
