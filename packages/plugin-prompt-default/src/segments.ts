import { isAbsolute } from 'node:path'
import type { EnvironmentFacts, InstructionResource, SkillResource } from '@halter/core'
import type { PromptSegment, Stability } from '@halter/protocol'

const plugin = '@halter/plugin-prompt-default'
/** Characters of a skill's description; the rest is in the skill. */
const MAX_DESCRIPTION = 1_000

/** A segment of this plugin's. */
export function textSegment(id: string, text: string, stability: Stability): PromptSegment {
  return { id, text: text.trim(), stability, plugin }
}

/** An instruction file, with its source as the heading. It stays as long as the session, unless somebody edits it. */
export function instructionSegment({ source, text }: InstructionResource): PromptSegment {
  return textSegment(`instructions:${source}`, `# Instructions from ${oneLine(source)}\n\n${text}`, 'session')
}

/**
 * What skills there are, and where each is to be read when it is needed: their bodies would cost every call. The same skills give
 * the same bytes, in whatever order they were found.
 */
export function skillsSegment(skills: readonly SkillResource[]): PromptSegment {
  const lines = skills
    .toSorted((a, b) => compare(a.name, b.name) || compare(a.source, b.source))
    .map(({ name, description, source }) => {
      const where = isAbsolute(source) ? ` (${oneLine(source)})` : ''
      return `- ${oneLine(name)}: ${cut(oneLine(description))}${where}`
    })
  const text =
    lines.length === 0
      ? ''
      : `# Skills\n\nKnow-how for some tasks. Before a task that one of them fits, read that one in full.\n\n${lines.join('\n')}`
  return textSegment('skills', text, 'session')
}

/** By code unit, so that no locale changes the order. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

function cut(text: string): string {
  return text.length <= MAX_DESCRIPTION ? text : `${text.slice(0, MAX_DESCRIPTION).toWellFormed()}…`
}

/** Where and when the turn runs. Changes with the day and with every file, so its place is the tail. */
export function environmentSegment({ workingDir, platform, date, git }: EnvironmentFacts): PromptSegment {
  const state = git?.isDirty ? 'uncommitted changes' : 'no uncommitted changes'
  const lines = [
    `Working directory: ${oneLine(workingDir)}`,
    `Platform: ${platform}`,
    `Date: ${date}`,
    ...(git ? [`Git branch: ${oneLine(git.branch)}, with ${state}`] : []),
  ]
  return textSegment(
    'environment',
    `# Where you are\n\n${lines.map((line) => `- ${line}`).join('\n')}`,
    'turn',
  )
}

/** A folder may be named with a line break, and must not write the prompt with it. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ')
}
