import type { Clock, Logger, SessionPort, Watcher } from '@halter/core'
import type { NamedFiles } from './hook-files.ts'
import type { HandlerNetwork, RunHandler } from './hook-handler.ts'
import type { HookPlans } from './hook-plan.ts'
import type { Transcripts } from './transcript/transcripts.ts'

/** What all sessions of one plugin share. */
export interface HookServices {
  /** Tells one set of handlers from another one of the same session. */
  readonly key: string
  readonly clock: Clock
  readonly logger: Logger
  readonly watcher: Watcher | undefined
  readonly plans: HookPlans
  /** Hook files that the configuration names. */
  readonly named: NamedFiles
  /** Whether hook files outside bundles are used: those of the user and of the working folder. */
  readonly usesSettings: boolean
  /** Whether the handlers of the session's resources are run. */
  readonly usesResources: boolean
  readonly passEnv: readonly string[]
  readonly network: HandlerNetwork
  readonly run: RunHandler
  /** The files that payloads name as `transcript_path`. Absent: they name none. */
  readonly transcripts: (() => Promise<Transcripts>) | undefined
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
