/** What a model failure was; decides whether trying again can help. */
export type ModelErrorKind =
  | 'auth'
  | 'invalid-request'
  | 'context-too-long'
  | 'rate-limited'
  | 'overloaded'
  | 'transient'
  | 'cancelled'
  | 'refused'

/** An error as it is stored and sent: plain data, causes included. */
export interface ErrorWire {
  /** `ERR_…`; branch on this, never on the message. */
  readonly code: string
  /** What happened, to whom, what to do. */
  readonly message: string
  /** The plugin that failed, where one did. */
  readonly plugin?: string
  /** The hook in which it failed, where it was in one. */
  readonly hook?: string
  /** Present on model errors. */
  readonly kind?: ModelErrorKind
  readonly retryable?: boolean
  /** Milliseconds to wait before the next try, where the provider said so. */
  readonly retryAfterMs?: number
  readonly cause?: ErrorWire
}
