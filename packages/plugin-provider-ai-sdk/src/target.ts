import type { ModelCapabilities } from '@halter/core'
import type { Wire } from './language-model.ts'

/** Whom a request is for. */
export interface Target {
  /** The name of the halter provider, by which it knows its own parts and signatures again. */
  readonly provider: string
  /** The provider's own id of the model. */
  readonly model: string
  readonly wire: Wire
  readonly capabilities: ModelCapabilities
  /** False for a call that is not to think: models that check their old thinking cannot be told then what to do about it. */
  readonly takesThinking: boolean
}
