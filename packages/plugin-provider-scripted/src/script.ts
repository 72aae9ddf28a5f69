import type { ModelInfo, ModelRequest } from '@halter/core'
import type { Json, ModelErrorKind, ModelPurpose, StopReason, Usage } from '@halter/protocol'

/** What a model says, call by call: one reply each. */
export interface Script {
  readonly replies: readonly ScriptedReply[]
  /** Begin again when every reply that fits was used. Default false: that is an error. */
  readonly loop?: boolean
  /** What the model is said to be; absent facts are {@link DEFAULT_INFO}'s. */
  readonly info?: Partial<ModelInfo>
}

/** One reply. What is there is streamed in this order: warning, metadata, thinking, text, tool calls, usage. */
export interface ScriptedReply {
  /** A list is one delta each, a string is one delta. */
  readonly text?: string | readonly string[]
  readonly thinking?: string | readonly string[]
  readonly toolCalls?: readonly ScriptedToolCall[]
  /** Absent: estimated. */
  readonly usage?: Partial<Usage>
  /** Milliseconds before every delta, or before the end where there is no delta. Default 0. */
  readonly delayMs?: number
  /** The call fails after everything else was streamed. A string is of the kind `invalid-request`. */
  readonly error?: string | ScriptedError
  /** Default: `tool-calls` with tool calls, else `end`. */
  readonly stopReason?: Exclude<StopReason, 'interrupted'>
  /** Only for calls that fit; others take the next reply that fits them. */
  readonly when?: { readonly purpose?: ModelPurpose; readonly agent?: string }
  readonly metadata?: Json
  readonly warning?: string
}

/** A call of a tool. */
export interface ScriptedToolCall {
  readonly name: string
  /** Default `{}`. */
  readonly input?: Json
  /** Streamed instead of `input` as it is: for text that is no JSON. */
  readonly rawInput?: string
  /** Absent: one that is unique in the session. */
  readonly id?: string
}

/** A failure as a provider states it. */
export interface ScriptedError {
  readonly kind: ModelErrorKind
  readonly message: string
  readonly retryAfterMs?: number
}

/** A script that is written as code: asked for the reply of each call. */
export type ScriptFunction = (
  request: ModelRequest,
  call: ScriptedCall,
) => ScriptedReply | Promise<ScriptedReply>

/** Which call a {@link ScriptFunction} is asked about. */
export interface ScriptedCall {
  /** Calls of this session and script that came before, in this process. */
  readonly index: number
  readonly signal: AbortSignal
}

/** What a scripted model is unless its script says otherwise. */
export const DEFAULT_INFO: ModelInfo = Object.freeze({
  window: 200_000,
  maxOutput: 4096,
  capabilities: Object.freeze({ thinking: true }),
})
