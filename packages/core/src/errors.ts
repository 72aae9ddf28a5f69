import type { ErrorWire, ModelErrorKind } from '@halter/protocol'

/** Every code that halter raises, and what it means. `docs/errors.md` has the cure of each; a test keeps the two equal. */
export const ERROR_CODES = Object.freeze({
  // Plugins and configuration: refused before anything starts
  ERR_PLUGIN_INVALID: 'a value in the plugin list is not a plugin, or its manifest is wrong',
  ERR_PLUGIN_LOAD: 'a plugin module could not be imported',
  ERR_PLUGIN_API_VERSION: 'a plugin was made for another version of the plugin API',
  ERR_PLUGIN_DUPLICATE: 'two plugins have the same name',
  ERR_PLUGIN_CYCLE: 'plugins wait for each other',
  ERR_PLUGIN_CONFIG: 'the options of a plugin are not what its schema asks for',
  ERR_PLUGIN_SETUP: 'the setup of a plugin threw, hung, or returned something else than it declared',
  ERR_PLUGIN_CLEANUP: 'a cleanup of a plugin threw or hung',
  ERR_SERVICE_MISSING: 'a required slot is filled by nobody',
  ERR_SERVICE_DUPLICATE: 'two plugins of the config fill the same slot',
  ERR_SERVICE_SCOPE: 'a per-session service was read where no session is',
  ERR_CONFIG: 'a configuration file or value is wrong',
  ERR_CONFIG_UNTRUSTED: 'a folder brings configuration and nobody has trusted it',
  ERR_RESOURCE_SOURCE: 'a source of plugins could not be fetched, unpacked or read',
  ERR_RELOAD_IN_USE: 'a reload would replace a service that open sessions rest on',
  ERR_HOOK_UNKNOWN: 'a tap names a hook that does not exist',
  ERR_HOOK_SEALED: 'a tap came after the setup of its plugin had ended',
  ERR_HOOK_FAILED: 'a tap threw',
  ERR_HOOK_TIMEOUT: 'a tap did not settle before its deadline',
  ERR_HOOK_INVALID: 'a tap returned something that its hook cannot use',
  // Sessions
  ERR_SESSION_UNKNOWN: 'no session has this id',
  ERR_SESSION_EXISTS: 'a session with this id is already there',
  ERR_SESSION_CLOSED: 'this handle was detached, or its session shut down',
  ERR_SESSION_LEASED: 'another process holds the session',
  ERR_SESSION_READ_ONLY: 'the log holds an event that this version does not know',
  ERR_SESSION_DAMAGED: 'the log of a session cannot be read',
  ERR_SESSION_INPUT: 'a session or turn was asked for with values that cannot work',
  ERR_RUNTIME_CLOSED: 'the runtime is shutting down',
  ERR_REENTRANT: 'code inside a turn waited for that same turn',
  // Stores
  ERR_COMMIT_CONFLICT: 'the log has moved on since this writer last saw it',
  ERR_COMMIT_INVALID: 'a batch is not what comes next in the log it is for',
  ERR_STORE_BUSY: 'the store was locked for longer than a writer waits',
  ERR_STORE_FULL: 'the disk is full',
  ERR_STORE_OPEN: 'the store could not be opened',
  ERR_STORE_FAILED: 'the store failed at something it was asked to do',
  ERR_SINK_FAILED: 'an event sink failed, or did not write in time',
  // Turns
  ERR_TURN_REFUSED: 'a plugin refused what it was asked about, or ended the turn',
  ERR_TURN_BUSY: 'a turn is running and the new one was not to wait',
  ERR_TURN_INTERRUPTED: 'the turn was interrupted',
  ERR_TURN_FAILED: 'the turn did not end well',
  ERR_BUDGET_EXHAUSTED: 'a limit of the session or turn is reached',
  ERR_BUDGET_PRICES: 'a limit in US dollars was set for a model without prices',
  ERR_OUTPUT_SCHEMA: 'no JSON Schema can be had for the structured output asked for',
  ERR_MODEL_UNKNOWN: 'no provider accepts the model',
  ERR_MODEL_FAILED: 'a model call failed',
  ERR_MODEL_TIMEOUT: 'a model sent nothing for too long',
  ERR_MODEL_PROTOCOL: 'a provider broke its contract',
  ERR_MODEL_OUTPUT_CAP: 'a reply grew over the largest size that is kept',
  ERR_TOOL_UNKNOWN: 'no tool has this name',
  ERR_TOOL_DUPLICATE: 'two tools have the same name',
  ERR_TOOL_TIMEOUT: 'a tool did not finish in time',
  ERR_TOOL_FAILED: 'a tool threw',
  ERR_COMPACTION_UNSUPPORTED: 'the asked-for way of compaction is not there',
  ERR_CONTEXT_OVERFLOW: 'the context is larger than it should be, and nothing could shrink it',
  ERR_SUBAGENT_LIMIT: 'a subagent would nest too deep or be one too many',
})

/** A code of halter's own, or a third party's with its prefix (`ACME_ERR_…`). */
export type ErrorCode = keyof typeof ERROR_CODES | (string & {})

/** What an error carries besides its code and message. */
export interface HalterErrorDetails {
  /** What failed underneath. */
  readonly cause?: unknown
  /** The plugin it is about. */
  readonly plugin?: string | undefined
  /** The hook in which it happened. */
  readonly hook?: string | undefined
  /** Present on model errors. */
  readonly kind?: ModelErrorKind | undefined
  /** Whether the same thing may work when tried again. Default false. */
  readonly retryable?: boolean | undefined
  /** Milliseconds to wait before that. */
  readonly retryAfterMs?: number | undefined
  /** Facts that a program needs: both heads of a conflict, the holder of a lease. */
  readonly data?: Readonly<Record<string, unknown>> | undefined
}

const brand = Symbol.for('halter.error')

/**
 * The one error class. The message is for the person who reads the log at night: what happened, to whom, what to do.
 * Branch on `code`. Recognise it with {@link isHalterError}: a second copy of this package has a class of its own.
 */
export class HalterError extends Error {
  readonly code: ErrorCode
  readonly plugin?: string
  readonly hook?: string
  readonly kind?: ModelErrorKind
  readonly retryable: boolean
  readonly retryAfterMs?: number
  readonly data?: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, details: HalterErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'HalterError'
    this.code = code
    this.retryable = details.retryable ?? false
    if (details.plugin !== undefined) this.plugin = details.plugin
    if (details.hook !== undefined) this.hook = details.hook
    if (details.kind !== undefined) this.kind = details.kind
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs
    if (details.data !== undefined) this.data = details.data
    Object.defineProperty(this, brand, { value: true })
  }
}

/** True for a `HalterError` of any copy of this package; with `code`, only for that code. */
export function isHalterError(error: unknown, code?: ErrorCode): error is HalterError {
  return (
    typeof error === 'object' &&
    error !== null &&
    brand in error &&
    (code === undefined || (error as unknown as HalterError).code === code)
  )
}

/** An error as plain data, causes included (at most eight deep). Anything thrown becomes something readable. */
export function toErrorWire(error: unknown, depth = 0): ErrorWire {
  if (!(error instanceof Error) && !isHalterError(error))
    return { code: 'ERR_TURN_FAILED', message: typeof error === 'string' ? error : describeThrown(error) }
  const known: Partial<HalterError> = isHalterError(error) ? error : {}
  const cause = error.cause === undefined || depth >= 8 ? undefined : toErrorWire(error.cause, depth + 1)
  return {
    code: known.code ?? (error as { code?: unknown }).code?.toString() ?? error.name,
    message: error.message,
    ...(known.plugin !== undefined && { plugin: known.plugin }),
    ...(known.hook !== undefined && { hook: known.hook }),
    ...(known.kind !== undefined && { kind: known.kind }),
    ...(known.retryable && { retryable: true }),
    ...(known.retryAfterMs !== undefined && { retryAfterMs: known.retryAfterMs }),
    ...(cause && { cause }),
  }
}

/** What a value that is no error says of itself. */
function describeThrown(thrown: unknown): string {
  try {
    return `a value was thrown that is no error: ${JSON.stringify(thrown) ?? String(thrown)}`
  } catch {
    return 'a value was thrown that is no error, and that cannot be shown'
  }
}
