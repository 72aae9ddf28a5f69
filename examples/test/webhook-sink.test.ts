import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { join } from 'node:path'
import type { StoredEvent } from '@halter/protocol'
import memoryStore from '@halter/plugin-memory-store'
import { testEventSink } from '@halter/testkit'
import { createRuntime } from 'halter'
import { expect, test } from 'vitest'
import webhook, { WebhookSink } from '../webhook-sink/index.ts'
import { sign } from '../webhook-sink/webhook-sink.ts'

testEventSink('the webhook', {
  async open() {
    const receiver = await Receiver.start()
    return {
      sink: new WebhookSink({ url: receiver.url, types: [] }),
      written: async (id) =>
        receiver.events.filter(({ sessionId }) => sessionId === id).map(({ seq }) => seq),
      close: () => receiver.stop(),
    }
  },
})

test('a receiver that was away gets every event it was to get, in order, signed', async () => {
  process.env['TEST_WEBHOOK_SECRET'] = 'a secret'
  const receiver = await Receiver.start()
  receiver.status = 503
  const options = { url: receiver.url, types: [], secretVariable: 'TEST_WEBHOOK_SECRET' }
  const runtime = await createRuntime({
    plugins: [[webhook, options], memoryStore],
    defaultModel: `scripted/${join(import.meta.dirname, '../scripts/hello.json')}`,
  })
  const session = await runtime.newSession()
  await session.submitTurn('Hello?').orThrow()
  expect(receiver.events).toEqual([])
  receiver.status = 200
  const stored = await Array.fromAsync(session.replay())
  await expect
    .poll(() => receiver.events.map(({ seq }) => seq), { timeout: 10_000 })
    .toEqual(stored.map(({ seq }) => seq))
  expect(receiver.signatures).toEqual(receiver.bodies.map((body) => sign(body, 'a secret')))
  await runtime.shutdown()
  await receiver.stop()
})

/** What receives, and remembers what it took. */
class Receiver {
  status = 200
  readonly events: StoredEvent[] = []
  readonly bodies: string[] = []
  readonly signatures: unknown[] = []
  readonly #server: Server

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const body = await text(request)
      if (this.status === 200) {
        for (const event of (JSON.parse(body) as { readonly events: StoredEvent[] }).events) this.#take(event)
        this.bodies.push(body)
        this.signatures.push(request.headers['x-signature-256'])
      }
      response.writeHead(this.status).end('thanks')
    })
  }

  static async start(): Promise<Receiver> {
    const receiver = new Receiver()
    receiver.#server.listen(0, '127.0.0.1')
    await once(receiver.#server, 'listening')
    return receiver
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/events`
  }

  /** What comes again is known by session and number. */
  #take(event: StoredEvent): void {
    if (!this.events.some(({ sessionId, seq }) => sessionId === event.sessionId && seq === event.seq))
      this.events.push(event)
  }

  async stop(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }
}
