import type { Limits, SessionId, Usage } from '@halter/protocol'

/** Slot `clock`. Nothing else tells time, so a test can. */
export interface Clock {
  /** Milliseconds since the epoch; may jump. */
  now(): number
  /** Milliseconds since some start; only ever grows. */
  monotonic(): number
  /** Rejects with the signal's reason when that is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls `run` once after `ms`; returns how to cancel it. Keeps the process alive until then. */
  timer(ms: number, run: () => void): () => void
}

/** What an id is for. */
export type IdKind = 'session' | 'turn' | 'message' | 'commit' | 'segment' | 'call'

/** Slot `ids`. Session ids are UUIDs. */
export interface IdSource {
  next(kind: IdKind): string
}

/** Slot `random`: numbers in [0, 1), for jitter. */
export interface RandomSource {
  next(): number
}

/** What is true of the place a session works in. */
export interface EnvironmentFacts {
  readonly workingDir: string
  readonly platform: string
  /** `YYYY-MM-DD`, local. */
  readonly date: string
  readonly git?: { readonly branch: string; readonly isDirty: boolean }
}

/** Slot `environment`. Asked once per turn. */
export interface Environment {
  describe(workingDir: string, signal: AbortSignal): Promise<EnvironmentFacts>
}

/** Slot `watcher`: tells of changed files. */
export interface Watcher {
  /** Calls back, soon and at most once per burst, when something at or below `path` changes. Returns how to stop. */
  watch(path: string, onChange: () => void): () => void
}

/** Slot `logger`. `fields` must survive JSON. */
export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
  /** A logger that adds `fields` to everything. */
  child(fields: Readonly<Record<string, unknown>>): Logger
}

/** What a call is about to cost, and what was spent before it. */
export interface BudgetRequest {
  /** The session that calls. */
  readonly sessionId: SessionId
  /** The session whose limits these are, the caller or an ancestor: it and its descendants share them. */
  readonly rootId: SessionId
  readonly limits: Limits
  /** Model calls of this turn so far. */
  readonly steps: number
  /** Of `rootId` and its descendants, running ones included. */
  readonly spent: Usage
  /** Milliseconds that the running turn of `rootId` has taken. */
  readonly elapsedMs: number
  /** The most that the call can cost: estimated input and `maxOutput`; `costUsd` where prices are known. */
  readonly estimate: Usage
}

/** Room that a budget has set aside for one call. */
export interface Reservation {
  /** The call is over and cost this; the reservation is gone. */
  settle(usage: Usage): void
  /** The call never happened. */
  release(): void
}

/** What limits leave for one more call, calls in flight taken off. A unit that is not limited is absent. */
export interface BudgetRest {
  readonly tokens?: number
  readonly usd?: number
  /** Calls in flight that hold a part of it: what they do not use comes back. */
  readonly inFlight: number
}

/** Slot `budget`: says no before a call, never after. Reservations of one root never overlap what is left. */
export interface Budget {
  /** @throws HalterError `ERR_BUDGET_EXHAUSTED` naming the limit; `ERR_BUDGET_PRICES` for dollars without prices. */
  reserve(request: BudgetRequest): Reservation
  /** What is left, so that a call can be made to fit. Absent: a call asks for the most it can cost, or is refused. */
  left?(request: Omit<BudgetRequest, 'estimate'>): BudgetRest
  /** Resolves when the next reservation ends. Absent: a call that calls in flight leave no room for is refused, not held back. */
  freed?(): Promise<void>
}
