import type { SessionBlueprint, TurnId } from '@halter/protocol'
import type { Approvals } from './approvals.ts'
import type { ContextManager, ObligationSource, TokenEstimator } from './context-manager.ts'
import type { EventSink } from './event-sink.ts'
import type { KeyValue, StorageAdapter } from './key-value.ts'
import type { PromptAssembler } from './prompt-assembler.ts'
import type { Models, Provider } from './provider.ts'
import type { ResourceSource } from './resources.ts'
import type { SessionStore } from './session-store.ts'
import type { SubagentControl } from './subagents.ts'
import type { Budget, Clock, Environment, IdSource, Logger, RandomSource, Watcher } from './system.ts'
import type { Tool } from './tool.ts'
import type { FolderTrust } from './trust.ts'

/** Slots: one filler each. Open for declaration merging; third parties prefix theirs (`acmeVectorIndex`). */
export interface Services {
  sessionStore: SessionStore
  contextManager: ContextManager
  tokenEstimator: TokenEstimator
  promptAssembler: PromptAssembler
  models: Models
  keyValue: KeyValue
  approvals: Approvals
  resources: ResourceSource
  subagentControl: SubagentControl
  budget: Budget
  clock: Clock
  ids: IdSource
  random: RandomSource
  environment: Environment
  watcher: Watcher
  trust: FolderTrust
  logger: Logger
}

/**
 * Collections: any number of contributors each; the container holds arrays: what plugins of the config add comes first, then what presets
 * add, each in start order. Whole once every plugin has started, so read one when you need it, in a tap or a call; what `setup` reads is what
 * is there by then. Open for declaration merging.
 */
export interface Collections {
  providers: Provider
  tools: Tool
  eventSinks: EventSink
  storageAdapters: StorageAdapter
  obligations: ObligationSource
  commands: Command
  doctorChecks: DoctorCheck
}

/** A command that a plugin adds to the CLI. */
export interface Command {
  readonly name: string
  readonly summary: string
  run(args: readonly string[], signal: AbortSignal): Promise<number>
}

/** A look at the plugin's own health, for `halter doctor`. */
export interface DoctorCheck {
  readonly name: string
  check(signal: AbortSignal): Promise<DoctorFinding>
}

/** What a check found, and what to do about it. */
export interface DoctorFinding {
  readonly status: 'ok' | 'warning' | 'error'
  readonly message: string
  readonly cure?: string
}

/** Everything that can be required: slots by name, collections as arrays. */
export type Cradle = Services & { readonly [K in keyof Collections]: readonly Collections[K][] }

/** Registers a cleanup; last registered, first run. */
export type Defer = (cleanup: () => void | Promise<void>) => void

/** What a per-session factory sees besides the slots and collections. */
export type SessionCradle = Cradle & {
  readonly session: SessionBlueprint
  /** Cleans up when the session leaves this generation. */
  readonly defer: Defer
}

/** What a per-turn factory sees. */
export type TurnCradle = SessionCradle & {
  readonly turnId: TurnId
  readonly signal: AbortSignal
}

/** Slots without which nothing can run. */
export const REQUIRED_SLOTS = Object.freeze([
  'sessionStore',
  'contextManager',
  'promptAssembler',
  'models',
  'budget',
  'clock',
  'ids',
  'random',
  'environment',
  'watcher',
  'logger',
] as const satisfies readonly (keyof Services)[])
