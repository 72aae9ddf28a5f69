import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { jsonSchema } from '@halter/core'
import type { CommandsOptions } from './commands/tap-commands.ts'
import { ARCHIVE_LIMITS } from './sources/limits.ts'
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

const text = { type: 'string' }
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
          source: { enum: ['local', 'archive', 'github'], description: 'what kind it is' },
          path: { ...text, description: 'the folder or archive; of GitHub, the folder in the repository' },
          repo: { ...text, description: 'of GitHub: owner/name, or a link' },
          ref: { ...text, description: 'of GitHub: a branch or tag; default: that of the repository' },
          sha: { ...text, description: 'of GitHub: a whole commit; nothing else is ever used' },
          sha256: { ...text, description: 'what an archive must come to, in hexadecimal' },
          trusted: {
            type: 'boolean',
            description: 'whether what it brings may run; default: true for a folder, false for the others',
          },
          only: {
            type: 'array',
            items: text,
            description: 'of a marketplace: the plugins that are wanted; default: all',
          },
        },
      },
    ],
  },
}
const count = { type: 'number', minimum: 0 }

const github = {
  type: 'object',
  description: 'how GitHub is asked',
  additionalProperties: false,
  properties: {
    token: { ...text, description: 'sent to apiUrl alone; default: GITHUB_TOKEN, else GH_TOKEN' },
    apiUrl: { ...text, default: 'https://api.github.com', description: 'where its API is' },
    hosts: {
      type: 'array',
      items: text,
      default: ['codeload.github.com'],
      description: 'hosts that it may redirect to',
    },
    maxAgeHours: {
      ...count,
      default: 24,
      description: 'hours for which the commit of a branch or tag is not looked up again; 0: at every start',
    },
    timeoutMs: { ...count, default: 120_000, description: 'milliseconds for one download in all' },
    idleTimeoutMs: {
      ...count,
      default: 15_000,
      description: 'milliseconds in which at least something must come',
    },
  },
}

const archives = {
  type: 'object',
  description: 'how much an archive may hold; what holds more is refused as a whole',
  additionalProperties: false,
  properties: {
    archiveBytes: {
      ...count,
      default: ARCHIVE_LIMITS.archiveBytes,
      description: 'bytes of the archive itself',
    },
    totalBytes: {
      ...count,
      default: ARCHIVE_LIMITS.totalBytes,
      description: 'bytes of all files in it, unpacked',
    },
    fileBytes: { ...count, default: ARCHIVE_LIMITS.fileBytes, description: 'bytes of one file in it' },
    entries: {
      ...count,
      default: ARCHIVE_LIMITS.entries,
      description: 'files, folders and links that it lists',
    },
    ratio: {
      ...count,
      default: ARCHIVE_LIMITS.ratio,
      description: 'how many times larger the content may be than the archive, from 1 MiB on',
    },
  },
}

/** What options may be. */
export const optionsSchema = jsonSchema<ResourcesOptions>({
  type: 'object',
  additionalProperties: false,
  properties: {
    roots: { ...paths, description: 'plugin folders, or folders of them; absolute, or from "~/"' },
    skills: { ...paths, description: 'skill folders, or folders of them; absolute, or from "~/"' },
    user: {
      type: 'boolean',
      default: true,
      description: 'whether the folder of halter, ~/.claude and ~/.agents are read',
    },
    project: {
      type: 'boolean',
      default: true,
      description: 'whether the working folder and those above it are read, instruction files included',
    },
    skillTool: {
      type: 'boolean',
      default: true,
      description: 'whether models get the tool skill; else they read the file of one',
    },
    expandCommands: {
      type: 'boolean',
      default: true,
      description: 'whether "/name args" calls commands and skills',
    },
    unknownCommands: {
      enum: ['refuse', 'send'],
      default: 'refuse',
      description: 'what becomes of "/name" that nothing has',
    },
    sources: { ...sources, description: 'plugins from folders, archives and GitHub' },
    marketplaces: { ...sources, description: 'lists of plugins from folders, archives and GitHub' },
    github,
    archives,
  },
})

/** A path of the options, absolute. */
export function wholePath(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(path)
}
