import type { Clock, FolderTrust, Logger, SessionPort, Watcher } from '@halter/core'
import type { HandlerNetwork, RunHandler } from './hook-handler.ts'
import type { HookPlans } from './hook-plan.ts'
import type { SettingsFiles } from './settings-files.ts'

/** What all sessions of one plugin share. */
export interface HookServices {
  /** Tells one set of handlers from another one of the same session. */
  readonly key: string
  readonly clock: Clock
  readonly logger: Logger
  readonly watcher: Watcher | undefined
  readonly trust: FolderTrust | undefined
  readonly plans: HookPlans
  /** Absent: no file is read at all. */
  readonly settings: SettingsFiles | undefined
  /** Whether settings files of the user and of folders are read. */
  readonly readsSettings: boolean
  /** Whether the handlers of the session's resources are run. */
  readonly usesResources: boolean
  /** Hook files that the configuration names. */
  readonly files: readonly string[]
  readonly passEnv: readonly string[]
  readonly network: HandlerNetwork
  readonly run: RunHandler
  /** The file that a payload names as `transcript_path`, up to date with the session. */
  transcriptOf(session: SessionPort): Promise<string>
  /** What `SubagentStart` had to say to children that have not started yet, by session id. */
  readonly forChildren: Map<string, readonly string[]>
}

/** Where handlers are called from. */
export interface Moment {
  readonly session: SessionPort
  /** Absent: between turns. */
  readonly turnId: string | undefined
  readonly signal: AbortSignal
  warn(message: string): void
}
