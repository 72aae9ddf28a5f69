import type { ResourcePlugin, SkillResource } from '@halter/core'
import type { ResourceProblem } from './problem.ts'

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
  /** A folder that no link may lead out of, absolute. Default: the plugin's, or else the skill's own. */
  readonly within?: string
}

/**
 * Reads the skill in `root`, an absolute path, by the rules of agentskills.io and Claude Code. Whatever is wrong is a problem, never
 * an exception.
 */
export function readSkillFolder(root: string, options: ReadSkillOptions = {}): Promise<SkillFolder> {
  return Promise.reject(new Error(`not there yet: ${root} ${options.within ?? ''}`))
}
