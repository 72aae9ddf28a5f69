import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { ActedReply, ProviderScene } from '@halter/testkit'

/** A JSON object of a request. */
export type Body = Readonly<Record<string, unknown>>

/** What a server is to do at the next request: a scene of the suite, or something that only HTTP can do. */
export type Act =
  | ProviderScene
  /** Answers with this, as it is. */
  | {
      readonly act: 'answer'
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body: string
    }
  /** Sends a piece of the stream every so many milliseconds; a `ping` before the first of them. */
  | { readonly act: 'slow'; readonly reply: ActedReply; readonly everyMs: number }
  /** Sends these lines as they are, and ends the response as if nothing was wrong. */
  | { readonly act: 'stream'; readonly lines: readonly string[] }

/** One model API: how it says things, and what it refuses. */
export interface FakeWire {
  readonly path: string
  /** The server-sent events of a reply, complete. */
  reply(reply: ActedReply, model: string): readonly string[]
  /** The same of a reply that says this and has not ended. */
  begin(text: string | undefined, model: string): readonly string[]
  failure(kind: string): { readonly status: number; readonly body: object }
  failureInStream(kind: string): string
  ping(): string
  /** What the real API would refuse in a request, in its own words; undefined when it is fine. */
  problem(body: Body): string | undefined
}

/** A request that reached the server. */
export interface SeenRequest {
  readonly headers: IncomingHttpHeaders
  readonly body: Body
}

/** A server that speaks one model API over real HTTP, on a free port of this machine. It refuses what the real one refuses. */
export class FakeApi {
  readonly requests: SeenRequest[] = []
  /** Requests whose response is still being written. */
  openCalls = 0
  connections = 0
  readonly #wire: FakeWire
  readonly #acts: Act[]
  readonly #server: Server

  private constructor(wire: FakeWire, acts: readonly Act[]) {
    this.#wire = wire
    this.#acts = [...acts]
    this.#server = createServer((request, response) => void this.#handle(request, response))
    this.#server.on('connection', () => (this.connections += 1))
  }

  static async start(wire: FakeWire, acts: readonly Act[] = []): Promise<FakeApi> {
    const api = new FakeApi(wire, acts)
    await new Promise<void>((resolve) => api.#server.listen(0, '127.0.0.1', resolve))
    return api
  }

  /** The address up to and including the version. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`
  }

  get bodies(): readonly Body[] {
    return this.requests.map(({ body }) => body)
  }

  will(...acts: readonly Act[]): void {
    this.#acts.push(...acts)
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.openCalls += 1
    response.on('close', () => (this.openCalls -= 1))
    const body = JSON.parse(await text(request)) as Body
    if (request.url !== `/v1${this.#wire.path}`) return void response.writeHead(404).end('{}')
    this.requests.push({ headers: request.headers, body })
    const problem = hostileText(body) ?? this.#wire.problem(body)
    if (problem !== undefined) return this.#refuse(response, 'invalid-request', problem)
    const act = this.#acts.shift()
    if (!act) return this.#refuse(response, 'invalid-request', 'the server was not told what to do')
    await this.#perform(act, response, String(body['model']))
  }

  async #perform(act: Act, response: ServerResponse, model: string): Promise<void> {
    switch (act.act) {
      case 'reply':
        return void begin(response).end(this.#wire.reply(act.reply, model).join(''))
      case 'break':
        begin(response).write(this.#wire.begin(act.text, model).join(''), () => response.socket?.destroy())
        return
      case 'hang':
        // A server sends headers when it has begun to work, and then may say nothing for long.
        begin(response).flushHeaders()
        if (act.text !== undefined) response.write(this.#wire.begin(act.text, model).join(''))
        return
      case 'fail': {
        if (act.afterText !== undefined) {
          const said = this.#wire.begin(act.afterText, model).join('')
          return void begin(response).end(said + this.#wire.failureInStream(act.kind))
        }
        const retry = act.retryAfterMs === undefined ? {} : { 'retry-after': String(act.retryAfterMs / 1000) }
        return this.#refuse(response, act.kind, undefined, retry)
      }
      case 'answer':
        return void response.writeHead(act.status, act.headers).end(act.body)
      case 'stream':
        return void begin(response).end(act.lines.join(''))
      case 'slow':
        begin(response)
        for (const piece of [this.#wire.ping(), ...this.#wire.reply(act.reply, model)]) {
          response.write(piece)
          await new Promise((resolve) => setTimeout(resolve, act.everyMs))
        }
        response.end()
    }
  }

  #refuse(response: ServerResponse, kind: string, message?: string, headers: object = {}): void {
    const { status, body } = this.#wire.failure(kind)
    const { error, ...rest } = body as { readonly error: object }
    const told = { ...rest, error: { ...error, ...(message !== undefined && { message }) } }
    response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_1', ...headers })
    response.end(JSON.stringify(told))
  }
}

/** One server-sent event. */
export function event(data: object | string, name?: string): string {
  const line = typeof data === 'string' ? data : JSON.stringify(data)
  return `${name === undefined ? '' : `event: ${name}\n`}data: ${line}\n\n`
}

function begin(response: ServerResponse): ServerResponse {
  return response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
}

/** Every model API refuses JSON with half characters, and most with NUL. */
function hostileText(value: unknown): string | undefined {
  if (typeof value === 'string')
    return value.isWellFormed() && !value.includes('\0') ? undefined : 'The request body is not valid JSON.'
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, each] of Object.entries(value)) {
    const problem = hostileText(key) ?? hostileText(each)
    if (problem !== undefined) return problem
  }
  return undefined
}
