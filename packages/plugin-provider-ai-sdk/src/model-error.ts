import { HalterError, isHalterError, RETRYABLE_KINDS } from '@halter/core'
import type { ModelErrorKind } from '@halter/protocol'
import { causesOf, failureFacts, type FailureFacts } from './failure-facts.ts'

/** Which call failed. */
export interface FailedCall {
  readonly provider: string
  readonly model: string
  /** The environment variable that its key comes from. */
  readonly keyVariable?: string | undefined
  /** Milliseconds since the epoch, for a server that names a time to come back. */
  readonly now: number
}

/** What a failed call is to the runtime: `ERR_MODEL_FAILED`, with its kind, and when to try again where the server said so. */
export function modelError(failure: unknown, call: FailedCall): HalterError {
  if (isHalterError(failure)) return failure
  const facts = failureFacts(failure)
  const kind = kindOf(facts, failure)
  const { status, words, headers } = facts
  const retryAfterMs = retryAfter(headers, call.now)
  const requestId = headers['request-id'] ?? headers['x-request-id']
  const answered = status === undefined ? 'failed on' : `answered ${status} to a call of`
  return new HalterError(
    'ERR_MODEL_FAILED',
    `${call.provider} ${answered} "${call.model}": ${facts.message}${/[.!?…]$/.test(facts.message) ? '' : '.'} ${advice(kind, call)}`,
    {
      cause: failure,
      kind,
      retryable: RETRYABLE_KINDS.has(kind),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      data: { words, ...(status !== undefined && { status }), ...(requestId !== undefined && { requestId }) },
    },
  )
}

/** The failure of a stream that ended too soon. */
export function cutOff({ provider, model }: FailedCall): HalterError {
  return new HalterError(
    'ERR_MODEL_FAILED',
    `${provider} ended the reply of "${model}" in the middle. Try again.`,
    { kind: 'transient', retryable: true },
  )
}

/** The failure of a call that was called off. */
export function cancelled({ provider, model }: FailedCall, reason: unknown): HalterError {
  return new HalterError('ERR_MODEL_FAILED', `The call of "${model}" at ${provider} was cancelled.`, {
    kind: 'cancelled',
    cause: reason,
  })
}

/** Words and statuses: https://platform.claude.com/docs/en/api/errors and https://developers.openai.com/api/docs/guides/error-codes. */
function kindOf({ status, words, message }: FailureFacts, failure: unknown): ModelErrorKind {
  const says = (...known: string[]): boolean => known.some((word) => words.includes(word))
  if (isTooLong(status, words, message)) return 'context-too-long'
  // A quota that is used up is answered with 429 as well, and no waiting fills it.
  if (status === 401 || status === 402 || status === 403) return 'auth'
  if (
    says('authentication_error', 'permission_error', 'billing_error', 'invalid_api_key', 'insufficient_quota')
  )
    return 'auth'
  if (names(failure).includes('AI_LoadAPIKeyError')) return 'auth'
  if (says('content_policy_violation', 'content_filter', 'invalid_prompt')) return 'refused'
  if (/content filtering policy/i.test(message)) return 'refused'
  if (status === 429 || says('rate_limit_error', 'rate_limit_exceeded')) return 'rate-limited'
  if (status === 529 || status === 503 || says('overloaded_error', 'server_overloaded', 'slow_down'))
    return 'overloaded'
  if (status === 408 || status === 409 || status === 425 || (status !== undefined && status >= 500))
    return 'transient'
  if (says('api_error', 'timeout_error', 'server_error')) return 'transient'
  if (status === undefined && isConnection(failure)) return 'transient'
  return 'invalid-request'
}

const TOO_LONG =
  /prompt is too long|context (?:length|window)|maximum context|input is too long|input length and `?max_tokens`? exceed|too many input tokens|request too large|exceeds the maximum number of tokens/i

function isTooLong(status: number | undefined, words: readonly string[], message: string): boolean {
  if (words.includes('context_length_exceeded') || words.includes('request_too_large') || status === 413)
    return true
  // The same words under another status speak of tokens per minute.
  return (status === undefined || status === 400 || status === 422) && TOO_LONG.test(message)
}

// "Stream error" is in what the SDK throws when a stream of Anthropic's begins with something that is no event of it.
const BROKEN = /^(?:fetch failed|terminated)$|other side closed|socket hang up|stream error/

/** A connection that failed or broke, or a stream that could not be read: another one may do. */
function isConnection(failure: unknown): boolean {
  const broken = [
    'AI_JSONParseError',
    'AI_TypeValidationError',
    'AI_APICallError',
    'AI_EmptyResponseBodyError',
    'SocketError',
  ]
  return causesOf(failure).some(
    (each) =>
      names(each).some((name) => broken.includes(name)) ||
      (each instanceof Error && BROKEN.test(each.message)) ||
      /^(?:E(?:CONN|TIMEDOUT|NOTFOUND|AI_AGAIN|PIPE|HOST|NET)|UND_ERR)/.test(codeOf(each)),
  )
}

function names(failure: unknown): readonly string[] {
  return failure instanceof Error ? [failure.name] : []
}

function codeOf(failure: unknown): string {
  const { code } = (failure ?? {}) as { readonly code?: unknown }
  return typeof code === 'string' ? code : ''
}

/** `retry-after-ms`, or `retry-after` in seconds or as a date. */
function retryAfter(headers: FailureFacts['headers'], now: number): number | undefined {
  const ms = Number.parseFloat(headers['retry-after-ms'] ?? '')
  if (Number.isFinite(ms) && ms >= 0) return Math.round(ms)
  const after = headers['retry-after']
  if (after === undefined) return undefined
  const seconds = Number(after)
  if (after.trim() !== '' && Number.isFinite(seconds))
    return seconds >= 0 ? Math.round(seconds * 1000) : undefined
  const date = Date.parse(after)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

function advice(kind: ModelErrorKind, { keyVariable }: FailedCall): string {
  switch (kind) {
    case 'auth':
      return `Check the key${keyVariable === undefined ? '' : ` in ${keyVariable}`}, and what it may use.`
    case 'context-too-long':
      return 'Compact the session, or take a model with a larger window.'
    case 'rate-limited':
    case 'overloaded':
      return 'Try again later.'
    case 'transient':
      return 'Try again.'
    case 'refused':
      return 'Say it in another way.'
    case 'invalid-request':
    case 'cancelled':
      return 'The same request will fail again.'
  }
}
