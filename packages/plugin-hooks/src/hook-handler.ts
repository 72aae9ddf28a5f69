import type { Clock, Logger, ResourcePlugin, SessionPort } from '@halter/core'
import type { Json } from '@halter/protocol'
import type { HookEventName } from './hook-events.ts'

/** How a handler does its work. */
export type HandlerType = 'command' | 'http' | 'prompt' | 'agent' | 'function'

/** Whose names a handler speaks: those of Claude Code's tools and their input keys, or ours. */
export type Dialect = 'claude' | 'halter'

/** What a handler that times out, crashes or cannot start decides, where it guards something. */
export type OnFailure = 'deny' | 'ask' | 'allow'

/** Which settings a handler came from: they apply in this order. */
export type HandlerLayer = 'user' | 'project' | 'local' | 'plugin' | 'config' | 'program'

/** Where a handler was declared. */
export interface HandlerSource {
  /** The file, absolute; for one of a program, a name such as `<function:acme:0>`. */
  readonly file: string
  readonly layer: HandlerLayer
  /** The bundle it came in; absent outside one. */
  readonly plugin?: ResourcePlugin
}

/** The `agent` of the child sessions in which agent handlers work. */
export const HOOK_AGENT = 'hook-agent'

/** What every handler has, whatever its type. */
export interface HandlerBase {
  /** `{plugin}:{Event}:{event}:{group}:{handler}`: stable over reloads of the same file. */
  readonly id: string
  readonly event: HookEventName
  /** The whole of one run, its output included. Milliseconds; 0 is over at once. The runner keeps it. */
  readonly timeoutMs: number
  /** As written; absent: every subject of the event. */
  readonly matcher?: string
  /** A condition on the tool call, such as `Bash(git commit:*)`. */
  readonly if?: string
  /** Shown while it runs. */
  readonly statusMessage?: string
  /** Nobody waits for it, and what it answers comes too late to decide anything. */
  readonly isAsync: boolean
  /** An `isAsync` command that ends with exit code 2 wakes the session with what it wrote to stderr. */
  readonly asyncRewake: boolean
  /** At most one run per session that gave an answer. */
  readonly once: boolean
  /** Absent: as its event says, see {@link HOOK_EVENTS}. */
  readonly onFailure?: OnFailure
  readonly source: HandlerSource
  readonly dialect: Dialect
}

/** A program that reads the payload from stdin. */
export interface CommandHandler extends HandlerBase {
  readonly type: 'command'
  /** Shell text; with `args`, a program that is started without a shell. Placeholders are still in it. */
  readonly command: string
  readonly args?: readonly string[]
  readonly shell: 'bash' | 'pwsh'
  /** Added to the program's environment. */
  readonly env: Readonly<Record<string, string>>
}

/** A server that gets the payload as a POST. */
export interface HttpHandler extends HandlerBase {
  readonly type: 'http'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Environment variables that may be put into headers, where the bundle allows them too. */
  readonly allowedEnvVars: readonly string[]
}

/** A question to a model. `$ARGUMENTS` in it stands for the payload. */
export interface PromptHandler extends HandlerBase {
  readonly type: 'prompt'
  readonly prompt: string
  readonly model?: string
}

/** A question to a model that may use tools. */
export interface AgentHandler extends HandlerBase {
  readonly type: 'agent'
  readonly prompt: string
  readonly model?: string
  /** In the handler's dialect. Empty: none. */
  readonly allowedTools: readonly string[]
  readonly maxTurns?: number
}

/** A function of the program that embeds the runtime. */
export interface FunctionHandler extends HandlerBase {
  readonly type: 'function'
  readonly run: HookFunction
}

/** What an in-process handler is. Nothing returned is no opinion; a string is its `additionalContext`. */
export type HookFunction = (
  payload: HookPayload,
  ctx: HandlerContext,
) => HookOutput | string | undefined | void | Promise<HookOutput | string | undefined | void>

/** A handler, parsed: everything about it is known, and nothing of it has run. */
export type HookHandler = CommandHandler | HttpHandler | PromptHandler | AgentHandler | FunctionHandler

/** What a handler is told, in its own dialect: one JSON object, on stdin, as a body, or in a prompt. */
export type HookPayload = { readonly [key: string]: Json } & {
  readonly hook_event_name: HookEventName
  readonly session_id: string
  readonly cwd: string
  readonly transcript_path: string
}

/** A handler's answer on a tool call. `passthrough` and `defer` are no opinion. */
export type PermissionDecision = 'allow' | 'deny' | 'ask' | 'passthrough' | 'defer'

/** What a handler answers to its own event. Keys of other events are ignored. */
export interface HookSpecificOutput {
  readonly hookEventName?: string
  readonly permissionDecision?: PermissionDecision
  readonly permissionDecisionReason?: string
  /** Replaces the tool's input, whole; in the handler's dialect. */
  readonly updatedInput?: Json
  /** Replaces what the model reads of a result. */
  readonly updatedToolOutput?: Json
  readonly updatedMCPToolOutput?: Json
  readonly additionalContext?: string
  /** `PermissionRequest`: the answer in the user's place. */
  readonly decision?: {
    readonly behavior: 'allow' | 'deny'
    readonly updatedInput?: Json
    readonly message?: string
    readonly interrupt?: boolean
  }
  /** `PermissionDenied`: the model is told that it may try again. */
  readonly retry?: boolean
  /** `SessionStart`: the session's title; a prompt to begin with; files whose changes are events. */
  readonly sessionTitle?: string
  readonly initialUserMessage?: string
  readonly watchPaths?: readonly string[]
}

/** A handler's answer, checked. Every key is optional; unknown ones are dropped. */
export interface HookOutput {
  /** False stops more than the event: the turn. */
  readonly continue?: boolean
  readonly stopReason?: string
  /** What it wrote is not shown. */
  readonly suppressOutput?: boolean
  /** For the user, not for the model. */
  readonly systemMessage?: string
  readonly decision?: 'approve' | 'block'
  readonly reason?: string
  readonly hookSpecificOutput?: HookSpecificOutput
}

/**
 * How a run ended.
 *
 * - `ok`: it answered, or had nothing to say. Its answer may still deny.
 * - `blocked`: a command ended with exit code 2; `stderr` is the reason.
 * - `failed`: it could not start, crashed, ended with another code, or answered something that is no answer.
 * - `timed-out`, `cancelled`: `timeoutMs` was over; the context's signal was aborted. Nothing of it is left running.
 */
export type HandlerStatus = 'ok' | 'blocked' | 'failed' | 'timed-out' | 'cancelled'

/** What became of one run of a handler. A failure is a value: nothing is thrown. */
export interface HandlerResult {
  readonly status: HandlerStatus
  /** Absent: it had nothing to say, or said it in plain text (`stdout`). */
  readonly output?: HookOutput
  /** One sentence that names what went wrong; where `status` is not `ok`. */
  readonly error?: string
  /** Of a command that ended by itself. */
  readonly exitCode?: number
  /** What it wrote, or the body of the response, trimmed and bounded. */
  readonly stdout?: string
  readonly stderr?: string
  readonly durationMs: number
  /** An `isAsync` handler was started and goes on: `settled` of the context is called with how it ended. */
  readonly isRunning?: boolean
}

/** Which addresses handlers may call. */
export interface HandlerNetwork {
  /** Names and addresses of this host and of private networks. */
  readonly allowLoopback: boolean
  readonly allowPrivate: boolean
  /** Empty: any host. `*.example.com` covers every name below. The bundle's own list applies beside it. */
  readonly allowedHosts: readonly string[]
}

/** What a runner may use. */
export interface HandlerServices {
  readonly clock: Clock
  readonly logger: Logger
}

/** What surrounds one run. */
export interface HandlerContext {
  readonly session: SessionPort
  /** Aborted when nobody waits any more: the turn was interrupted, the session closes. */
  readonly signal: AbortSignal
  readonly services: HandlerServices
  /** Where commands run; also the payload's `cwd`. */
  readonly cwd: string
  /** Where the session was started: `CLAUDE_PROJECT_DIR` and its other names. */
  readonly projectDir: string
  /** Absent: the event belongs to no turn. */
  readonly turnId?: string
  /** Environment variables that commands get beside the few that every program needs; patterns end in `*`. */
  readonly passEnv: readonly string[]
  /** The process's environment; nothing else is read of it. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly network: HandlerNetwork
  /** What an `isAsync` run came to. Called once, when it ends; the runner keeps such runs until the session leaves memory. */
  settled(result: HandlerResult): void
}

/** Runs a handler to its end, within its `timeoutMs`. Never rejects. The payload is given as it is, in the handler's dialect. */
export type RunHandler = (
  handler: HookHandler,
  payload: HookPayload,
  ctx: HandlerContext,
) => Promise<HandlerResult>
