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

/** The tool that brings a skill into the conversation; plugins that have one call it so. */
export const SKILL_TOOL = 'skill'

/**
 * What skills there are, and how each is to be read when it is needed: their bodies would cost every call. The same skills give
 * the same bytes, in whatever order they were found. Skills that only a person may call for are not the model's to know.
 */
export function skillsSegment(skills: readonly SkillResource[], hasTool: boolean): PromptSegment {
  const lines = forModels(skills).map(({ name, description, source }) => {
    const where = !hasTool && isAbsolute(source) ? ` (${oneLine(source)})` : ''
    return `- ${oneLine(name)}: ${cut(oneLine(description))}${where}`
  })
  const how = hasTool
    ? `Before a task that one of them fits, get that one with the tool "${SKILL_TOOL}".`
    : 'Before a task that one of them fits, read that one in full.'
  const text = lines.length === 0 ? '' : `# Skills\n\nKnow-how for some tasks. ${how}\n\n${lines.join('\n')}`
  return textSegment('skills', text, 'session')
}

/** Every skill in full, a segment each. */
export function wholeSkillSegments(skills: readonly SkillResource[]): readonly PromptSegment[] {
  return forModels(skills).map(({ name, body }) =>
    textSegment(`skill:${name}`, `# Skill: ${oneLine(name)}\n\n${body}`, 'session'),
  )
}

function forModels(skills: readonly SkillResource[]): readonly SkillResource[] {
  return skills
    .filter(({ modelInvocable = true }) => modelInvocable)
    .toSorted((a, b) => compare(a.name, b.name) || compare(a.source, b.source))
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
