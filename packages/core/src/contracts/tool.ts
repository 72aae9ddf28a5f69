import type {
  Json,
  SessionBlueprint,
  SessionId,
  ToolCallId,
  ToolResultPart,
  WholePart,
  TurnId,
} from '@halter/protocol'
import type { JsonSchema, SchemaResult } from './schema.ts'
import type { SessionPort } from './hooks.ts'

/**
 * What running a tool twice does. `none`: it only looks. `idempotent`: the second run changes nothing more. `unsafe`: anything
 * else. After a crash only the first two may run again.
 */
export type ToolEffects = 'none' | 'idempotent' | 'unsafe'

/** `exclusive`: alone; `read-only` and `parallel`: beside their neighbours of these two classes. */
export type ToolConcurrency = 'exclusive' | 'read-only' | 'parallel'

/** Why a call needs a yes. `scope` is what "for this session" would cover; default: the tool's name. */
export interface ApprovalNeed {
  readonly reason: string
  readonly scope?: string
}

/** What a tool's `execute` may return. A string is text, `undefined` is empty, any other value is JSON. */
export type ToolReturn = string | Json | undefined | void | ToolOutput

/** A result in parts, or one that reports a failure of the tool's own. */
export interface ToolOutput {
  readonly parts: readonly WholePart<ToolResultPart>[]
  readonly isError?: boolean
}

/** What `execute` gets besides its input. */
export interface ToolContext {
  readonly callId: ToolCallId
  readonly sessionId: SessionId
  readonly turnId: TurnId
  readonly blueprint: SessionBlueprint
  /** Absolute path; relative paths of the input are meant from here. */
  readonly workingDir: string
  /** Aborted at interrupt, shutdown and the tool's deadline. Clean up and settle: nobody waits long after it. */
  readonly signal: AbortSignal
  /** Shows output while the tool runs. Not stored: the result is. Capped at 1 MiB and 4,096 chunks per call. */
  emit(text: string): void
  readonly session: SessionPort
}

/** A tool, ready to be called. Made by `defineTool`. */
export interface Tool {
  readonly name: string
  readonly description: string
  readonly inputSchema: JsonSchema
  readonly effects: ToolEffects
  readonly concurrency: ToolConcurrency
  /** Milliseconds; absent: the runtime's default. `0`: no deadline. */
  readonly timeoutMs?: number
  /** Checks and completes (defaults) what the model wrote. */
  validate(input: Json): SchemaResult<Json> | Promise<SchemaResult<Json>>
  /** Asked only when no guard gave a verdict. */
  needsApproval?(input: Json, ctx: { readonly workingDir: string }): ApprovalNeed | undefined
  /** @throws anything: it becomes an error result that the model reads, never a failed turn. */
  execute(input: Json, ctx: ToolContext): ToolReturn | Promise<ToolReturn>
}
