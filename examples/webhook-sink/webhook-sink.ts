import { createHmac } from 'node:crypto'
import type { EventSink } from '@halter/core'
import type { StoredEvent } from '@halter/protocol'

/** Options of the plugin. */
export interface WebhookOptions {
  url: string
  /** Types of the events that are sent; none: all. */
  types: string[]
  /** Name of the environment variable with the key of the signature. */
  secretVariable: string
}

/**
 * Posts events as `{ events: […] }`. The runtime remembers how far it came, and calls again with what was not taken: a receiver gets every
 * event at least once, and knows one that it has had by its `sessionId` and `seq`.
 */
export class WebhookSink implements EventSink {
  readonly name: string
  readonly #url: string
  readonly #types: ReadonlySet<string>
  readonly #secret: string | undefined

  constructor({ url, types }: Pick<WebhookOptions, 'url' | 'types'>, secret?: string) {
    this.name = `webhook ${url}`
    this.#url = url
    this.#types = new Set(types)
    this.#secret = secret
  }

  accepts({ type }: StoredEvent): boolean {
    return this.#types.size === 0 || this.#types.has(type)
  }

  async write(events: readonly StoredEvent[], signal: AbortSignal): Promise<void> {
    const body = JSON.stringify({ events })
    const response = await fetch(this.#url, {
      method: 'POST',
      body,
      signal,
      redirect: 'error',
      headers: {
        'content-type': 'application/json',
        ...(this.#secret && { 'x-signature-256': sign(body, this.#secret) }),
      },
    })
    await response.body?.cancel()
    if (!response.ok) throw new Error(`${this.#url} answered ${response.status}.`)
  }
}

/** What a receiver computes as well, and compares in constant time. */
export function sign(body: string, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}
