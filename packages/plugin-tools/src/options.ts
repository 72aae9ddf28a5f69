import { isAbsolute } from 'node:path'
import { HalterError, jsonSchema } from '@halter/core'

/** The names of the tools that this package has. */
export const TOOL_NAMES = Object.freeze([
  'read',
  'write',
  'edit',
  'glob',
  'grep',
  'shell',
  'process',
  'task',
] as const)
/** The name of one of the tools. */
export type ToolName = (typeof TOOL_NAMES)[number]

/** What all tools of this package share. Every option has a default. */
export interface ToolsOptions {
  /** Absolute folders that tools may read and write besides the session's working directory. */
  readonly roots: readonly string[]
  /** Absolute folders that tools may read and not write. */
  readonly readRoots: readonly string[]
  /** Bytes of text in one result; what is left out is named in it. */
  readonly maxOutputBytes: number
  /** Lines of a file, or entries of a list, in one result. */
  readonly maxLines: number
  /** Milliseconds that a command may run when the call names no `timeout`. */
  readonly shellTimeoutMs: number
  /** Whether directory, variables and functions of a command last for those after it, in the same session. Not on Windows. */
  readonly persistentShell: boolean
  /** Commands that need no approval: exact ones, and programs with first arguments (`git status`). */
  readonly allowShell: readonly string[]
  /** Variables that commands get besides the allowlist; they win over it. */
  readonly env: Readonly<Record<string, string>>
  /** Whether `write` and `edit` need an approval. */
  readonly askToWrite: boolean
  /** The tools to offer; empty: all. */
  readonly tools: readonly ToolName[]
}

/** Whether a shell lasts. On Windows it cannot be given more than its three streams. */
export function isShellPersistent({ persistentShell }: Pick<ToolsOptions, 'persistentShell'>): boolean {
  return persistentShell && process.platform !== 'win32'
}

/** The options of somebody who set none. */
export const DEFAULT_OPTIONS: ToolsOptions = Object.freeze({
  roots: [],
  readRoots: [],
  maxOutputBytes: 50 * 1024,
  maxLines: 2000,
  shellTimeoutMs: 120_000,
  persistentShell: true,
  allowShell: [],
  env: {},
  askToWrite: false,
  tools: TOOL_NAMES,
})

const { tools, ...rest } = DEFAULT_OPTIONS
const list = { type: 'array', items: { type: 'string', minLength: 1 } }

/** The options as JSON Schema, defaults included. */
export const optionsSchema = jsonSchema<ToolsOptions>({
  type: 'object',
  additionalProperties: false,
  properties: {
    roots: {
      ...list,
      default: rest.roots,
      description: 'absolute folders to read and write, besides the working directory of a session',
    },
    readRoots: { ...list, default: rest.readRoots, description: 'absolute folders to read only' },
    maxOutputBytes: {
      type: 'integer',
      minimum: 1024,
      default: rest.maxOutputBytes,
      description: 'bytes of text in one result',
    },
    maxLines: {
      type: 'integer',
      minimum: 10,
      default: rest.maxLines,
      description: 'lines of a file, or entries of a list, in one result',
    },
    shellTimeoutMs: {
      type: 'integer',
      minimum: 1,
      default: rest.shellTimeoutMs,
      description: 'milliseconds that a command may run when its call names no timeout',
    },
    persistentShell: {
      type: 'boolean',
      default: rest.persistentShell,
      description: 'whether directory, variables and functions of a command last; not on Windows',
    },
    allowShell: {
      ...list,
      default: rest.allowShell,
      description:
        'commands that need no approval: exact ones, and programs with first arguments ("git status")',
    },
    env: {
      type: 'object',
      additionalProperties: { type: 'string' },
      default: rest.env,
      description: 'variables for commands, besides the few that every program gets',
    },
    askToWrite: {
      type: 'boolean',
      default: rest.askToWrite,
      description: 'whether write and edit need an approval',
    },
    tools: {
      type: 'array',
      items: { type: 'string', enum: [...TOOL_NAMES] },
      default: [...tools],
      description: 'the tools to offer; an empty list: all',
    },
  },
})

/**
 * Completes options with the defaults.
 * @throws HalterError `ERR_PLUGIN_CONFIG` for a root that is not absolute: whose folder it were relative to would depend on
 * where the process was started.
 */
export function completeOptions(options: Partial<ToolsOptions>): ToolsOptions {
  for (const key of ['roots', 'readRoots'] as const)
    for (const root of options[key] ?? [])
      if (!isAbsolute(root))
        throw new HalterError(
          'ERR_PLUGIN_CONFIG',
          `"${root}" in ${key} of @halter/plugin-tools is no absolute path. Write the folder out from the top; "~" is not expanded.`,
          { plugin: '@halter/plugin-tools' },
        )
  return { ...DEFAULT_OPTIONS, ...options }
}
