import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
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
    const post = this.#url.startsWith('https:') ? httpsRequest : httpRequest
    // A connection per call: one that is kept would outlive the plugin.
    const request = post(this.#url, {
      method: 'POST',
      agent: false,
      signal,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        ...(this.#secret && { 'x-signature-256': sign(body, this.#secret) }),
      },
    }).end(body)
    request.on('error', () => undefined) // who waits is told; once the answer has begun, the answer is
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    await once(response.resume(), 'end')
    const { statusCode = 0 } = response
    if (statusCode < 200 || statusCode > 299) throw new Error(`${this.#url} answered ${statusCode}.`)
  }
}

/** What a receiver computes as well, and compares in constant time. */
export function sign(body: string, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}
