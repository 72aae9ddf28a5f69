import type { PluginReducer, SessionBlueprint } from '@halter/protocol'
import type { HookTable, ScopedTurn, ServiceScope } from './dispatch.ts'

/** What is plugged in, from one reload to the next. */
export interface Generation extends ServiceScope {
  /** 1 for the first. */
  readonly number: number
  /** How plugins fold their state, by plugin name. */
  readonly reducers: ReadonlyMap<string, PluginReducer>
  readonly hooks: HookTable
  /** The plugin that added an element to a collection: whose tool, provider or sink it is. */
  ownerOf(contribution: object): string | undefined
  /** Builds the per-session services of this generation; one shared object when there are none. Close it. */
  openSession(blueprint: SessionBlueprint): SessionScope
}

/** The services of one session in one generation. */
export interface SessionScope extends ServiceScope {
  openTurn(turn: ScopedTurn): TurnScope
  /** Runs what per-session services deferred. Failures are warnings. */
  close(): Promise<void>
}

/** The services of one turn. */
export interface TurnScope extends ServiceScope {
  /** Runs what per-turn services deferred. Failures are warnings. */
  close(): Promise<void>
}
