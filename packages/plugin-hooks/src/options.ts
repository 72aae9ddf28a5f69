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
    hooks: { type: 'object' },
    dialect: { enum: ['halter', 'claude'], default: 'halter' },
    files: strings,
    functions: { type: 'array' },
    settings: { type: 'boolean', default: true },
    passEnv: strings,
    allowedHosts: strings,
    allowLoopback: { type: 'boolean', default: false },
    allowPrivate: { type: 'boolean', default: false },
  },
})
