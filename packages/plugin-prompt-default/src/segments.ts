import type { EnvironmentFacts, InstructionResource } from '@halter/core'
import type { PromptSegment, Stability } from '@halter/protocol'

const plugin = '@halter/plugin-prompt-default'

/** A segment of this plugin's. */
export function textSegment(id: string, text: string, stability: Stability): PromptSegment {
  return { id, text: text.trim(), stability, plugin }
}

/** An instruction file, with its source as the heading. It stays as long as the session, unless somebody edits it. */
export function instructionSegment({ source, text }: InstructionResource): PromptSegment {
  return textSegment(`instructions:${source}`, `# Instructions from ${oneLine(source)}\n\n${text}`, 'session')
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
