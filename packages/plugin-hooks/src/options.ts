import { jsonSchema } from '@halter/core'
import type { Json } from '@halter/protocol'
import type { HookDefinition } from './define-hook.ts'
import type { Dialect } from './hook-handler.ts'

/** Options of `@halter/plugin-hooks`. */
export interface HooksOptions {
  /** Handlers, as a hook file writes them under its `hooks`. */
  readonly hooks?: Json
  /** In whose names `hooks` speaks of tools and their input. Default `halter`. */
  readonly dialect: Dialect
  /** More hook files, by path. */
  readonly files: readonly string[]
  /** In-process handlers, made by `defineHook`. Only a program can pass them. */
  readonly functions?: readonly HookDefinition[]
  /** Whether settings files of the user and of trusted folders are read. Default true. */
  readonly settings: boolean
  /** Environment variables that commands get beside those that every program needs. A name may end in `*`. */
  readonly passEnv: readonly string[]
  /** Hosts that HTTP handlers may call; `*.example.com` is all below it. Default: any that is public. */
  readonly allowedHosts: readonly string[]
  /** Whether HTTP handlers may call this host. Default false. */
  readonly allowLoopback: boolean
  /** Whether HTTP handlers may call private networks. Default false. */
  readonly allowPrivate: boolean
}

const strings = { type: 'array', items: { type: 'string' }, default: [] } as const

/** What the options must look like; what is in `hooks` is checked where it is read, part by part. */
export const optionsSchema = jsonSchema<HooksOptions>({
  type: 'object',
  additionalProperties: false,
  properties: {
    hooks: { type: 'object', description: 'handlers, as a hook file writes them under its hooks' },
    dialect: {
      enum: ['halter', 'claude'],
      default: 'halter',
      description: 'in whose names "hooks" speaks of tools and their input',
    },
    files: { ...strings, description: 'more hook files, by path' },
    functions: { type: 'array', description: 'handlers made by defineHook; only a program can pass them' },
    settings: {
      type: 'boolean',
      default: true,
      description: 'whether settings files of the user and of trusted folders are read',
    },
    passEnv: {
      ...strings,
      description: 'variables for commands, besides the few that every program gets; "ACME_*" is a pattern',
    },
    allowedHosts: {
      ...strings,
      description: 'hosts that HTTP handlers may call, "*.acme.com" all below it; empty: any that is public',
    },
    allowLoopback: {
      type: 'boolean',
      default: false,
      description: 'whether HTTP handlers may call this host',
    },
    allowPrivate: {
      type: 'boolean',
      default: false,
      description: 'whether HTTP handlers may call private networks',
    },
  },
})
