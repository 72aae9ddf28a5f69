import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { jsonSchema } from '@halter/core'
import type { CommandsOptions } from './commands/tap-commands.ts'
import type { SourcesOptions } from './sources/open-sources.ts'

/** Options of `@halter/plugin-resources`. Paths are absolute, or begin with `~/`. */
export interface ResourcesOptions extends SourcesOptions, CommandsOptions {
  /** Plugin folders, or folders of plugin folders. */
  readonly roots?: readonly string[]
  /** Skill folders, or folders of skill folders. */
  readonly skills?: readonly string[]
  /** False: nothing of halter's own folder, `~/.claude` and `~/.agents`. Default true. */
  readonly user?: boolean
  /** False: nothing of the working folder and those above it, instruction files included. Default true. */
  readonly project?: boolean
  /** False: models get no tool `skill`, and read the file of one by its path. Default true. */
  readonly skillTool?: boolean
}

const paths = { type: 'array', items: { type: 'string', minLength: 1 } }
const sources = {
  type: 'array',
  items: {
    anyOf: [
      { type: 'string', minLength: 1 },
      {
        type: 'object',
        additionalProperties: false,
        required: ['source'],
        properties: {
          source: { enum: ['local', 'archive', 'github'] },
          path: { type: 'string' },
          repo: { type: 'string' },
          ref: { type: 'string' },
          sha: { type: 'string' },
          sha256: { type: 'string' },
          trusted: { type: 'boolean' },
          only: { type: 'array', items: { type: 'string' } },
        },
      },
    ],
  },
}
const count = { type: 'number', minimum: 0 }

/** What options may be. */
export const optionsSchema = jsonSchema<ResourcesOptions>({
  type: 'object',
  additionalProperties: false,
  properties: {
    roots: paths,
    skills: paths,
    user: { type: 'boolean' },
    project: { type: 'boolean' },
    skillTool: { type: 'boolean' },
    expandCommands: { type: 'boolean' },
    unknownCommands: { enum: ['refuse', 'send'] },
    sources,
    marketplaces: sources,
    github: {
      type: 'object',
      additionalProperties: false,
      properties: {
        token: { type: 'string' },
        apiUrl: { type: 'string' },
        hosts: { type: 'array', items: { type: 'string' } },
        maxAgeHours: count,
        timeoutMs: count,
        idleTimeoutMs: count,
      },
    },
    archives: { type: 'object', additionalProperties: count },
  },
})

/** A path of the options, absolute. */
export function wholePath(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(path)
}
