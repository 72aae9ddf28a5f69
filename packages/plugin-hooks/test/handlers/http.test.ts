import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HandlerContext, HandlerResult, HttpHandler } from '../../src/hook-handler.ts'
import { addressProblem } from '../../src/handlers/http/check-address.ts'
import { runHandler } from '../../src/handlers/run-handler.ts'
import { bundle, handlerBase, openSandbox, payloadOf, until, type Sandbox } from './sandbox.ts'

const LOCAL = { allowLoopback: true, allowPrivate: false, allowedHosts: [] }
let box: Sandbox
const servers: Server[] = []
beforeEach(() => {
  box = openSandbox()
})
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
  await box.remove()
})

/** Starts a server on a free port of this machine and returns its URL. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const answer =
  (body: string | Buffer, status = 200): RequestListener =>
  (request, response) => {
    request.resume()
    response.writeHead(status).end(body)
  }

function post(
  url: string,
  more: Partial<HttpHandler> = {},
  ctx: Partial<HandlerContext> = {},
): Promise<HandlerResult> {
  const handler: HttpHandler = {
    ...handlerBase(),
    type: 'http',
    url,
    headers: {},
    allowedEnvVars: [],
    ...more,
  }
  const payload = payloadOf(box.root, { hook_event_name: handler.event })
  return runHandler(handler, payload, box.context({ network: LOCAL, ...ctx }))
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('an HTTP hook', () => {
  it('posts the payload as JSON and takes the body of the response for its answer', async () => {
    const seen: { method?: string; type?: string; length?: string; body?: string } = {}
    const url = await serve(async (request, response) => {
      const { 'content-type': type, 'content-length': length } = request.headers
      Object.assign(seen, { method: request.method, type, length, body: await bodyOf(request) })
      response.end('{"hookSpecificOutput":{"permissionDecision":"deny","permissionDecisionReason":"no"}}')
    })
    expect(await post(url)).toMatchObject({
      status: 'ok',
      output: { hookSpecificOutput: { permissionDecision: 'deny', permissionDecisionReason: 'no' } },
    })
    const body = JSON.stringify(payloadOf(box.root))
    expect(seen).toEqual({
      method: 'POST',
      type: 'application/json',
      length: String(Buffer.byteLength(body)),
      body,
    })
  })

  it('has nothing to say with an empty body, and says plain text as a command does', async () => {
    expect(await post(await serve(answer('', 204)))).toEqual({ status: 'ok', durationMs: expect.any(Number) })
    expect(await post(await serve(answer('remember the milk')))).toMatchObject({
      status: 'ok',
      stdout: 'remember the milk',
    })
  })

  it.each([
    ['with a status other than 2xx', answer('out of order', 503), 'status 503: out of order'],
    ['with half a JSON', answer('{"decision":'), '{"decision":'],
    ['with something that is not UTF-8', answer(Buffer.from([0x7b, 0xff])), 'could not be asked'],
    ['with more than 1 MiB', answer(`{"reason":"${'x'.repeat(1_100_000)}"}`), 'more than 1048576 bytes'],
    [
      'with more than 1 MiB that never ends',
      (_request, response) => {
        const more = (): boolean => response.destroyed || response.write('x'.repeat(65_536), () => more())
        more()
      },
      'more than 1048576 bytes',
    ],
    ['by hanging up', (request) => request.socket.destroy(), 'could not be asked'],
  ] satisfies [string, RequestListener, string][])(
    'fails when the server answers %s',
    async (_, listener, error) => {
      const result = await post(await serve(listener))
      expect(result).toMatchObject({ status: 'failed', error: expect.stringContaining(error) })
      expect(result.output).toBeUndefined()
    },
  )

  it('follows no redirect', async () => {
    let isAsked = false
    const target = await serve((_request, response) => {
      isAsked = true
      response.end('{}')
    })
    const url = await serve((_request, response) => void response.writeHead(307, { location: target }).end())
    expect((await post(url)).error).toContain('status 307: a redirect, which hooks do not follow')
    expect(isAsked).toBe(false)
  })

  it('keeps its timeout, whether the server is silent before or in its answer', async () => {
    const silent = await serve((request) => request.resume())
    const halting = await serve((_request, response) => void response.write('{'))
    for (const url of [silent, halting]) {
      const begin = performance.now()
      expect(await post(url, { timeoutMs: 200 })).toMatchObject({ status: 'timed-out' })
      expect(performance.now() - begin).toBeLessThan(1_000)
    }
  })

  it('ends with the turn, and hangs up', async () => {
    let hasHungUp = false
    const url = await serve((request) => request.socket.on('close', () => (hasHungUp = true)))
    const turn = new AbortController()
    setTimeout(() => turn.abort(), 100)
    expect(await post(url, {}, { signal: turn.signal })).toMatchObject({ status: 'cancelled' })
    await until(() => hasHungUp)
  })

  it('is not sent when a session begins or ends', async () => {
    for (const event of ['SessionStart', 'SessionEnd', 'Setup'] as const)
      expect((await post('http://127.0.0.1:9/', { event })).error).toContain(
        `HTTP hooks are not run for ${event}`,
      )
  })

  it('names nothing secret of its URL in an error', async () => {
    const { port } = new URL(await serve((request) => request.socket.destroy()))
    const { error } = await post(`http://user:canary@127.0.0.1:${port}/canary?key=canary`)
    expect(error).toContain(`The server http://127.0.0.1:${port} could not be asked`)
    expect(error).not.toContain('canary')
  })
})

describe('a header of an HTTP hook', () => {
  const env = { ACME_TOKEN: 'sesame-1234', OTHER: 'other-5678', LINES: 'a\r\nx-evil: 1', 'WORD É': 'x' }

  /** What the server got of the header `x-test`. */
  async function sent(value: string, more: Partial<HttpHandler> = {}): Promise<unknown> {
    let header: unknown
    const url = await serve((request, response) => {
      header = request.headers['x-test']
      response.end()
    })
    const handler = { headers: { 'X-Test': value }, allowedEnvVars: ['ACME_TOKEN', 'LINES'], ...more }
    const result = await post(url, handler, { env })
    return result.status === 'ok' ? header : result.error
  }

  it('is filled from variables that are allowed; any other is nothing', async () => {
    expect(await sent('Bearer $ACME_TOKEN')).toBe('Bearer sesame-1234')
    expect(await sent('<${ACME_TOKEN}|$OTHER|${OTHER}|${}>')).toBe('<sesame-1234|||>')
    expect(await sent('costs 5$ or ${ACME_TOKEN')).toBe('costs 5$ or ${ACME_TOKEN')
  })

  it('is UTF-8', async () => {
    const header = await sent('Grüße, €, 𝄞')
    expect(Buffer.from(header as string, 'latin1').toString()).toBe('Grüße, €, 𝄞')
  })

  it('needs the leave of its bundle too', async () => {
    const of = (allowedEnvVars: readonly string[]) => ({
      source: { file: '/a', layer: 'plugin', plugin: bundle('/a', { allowedEnvVars }) } as const,
    })
    expect(await sent('[$ACME_TOKEN]', of([]))).toBe('[]')
    expect(await sent('[$ACME_TOKEN]', of(['ACME_TOKEN']))).toBe('[sesame-1234]')
  })

  it('with a control byte is an error that names header and byte, not value', async () => {
    expect(await sent('a$LINES')).toBe(
      'The HTTP hook was not sent: The header X-Test holds the control byte 0x0d, which no header may.',
    )
    expect(await sent('a\tb')).toBe('a\tb')
    expect(await sent('a\u007fb')).toContain('0x7f')
  })

  it('is not one of those that make up the connection', async () => {
    for (const name of ['Host', 'content-length', 'Transfer-Encoding'])
      expect((await post('http://127.0.0.1:9/', { headers: { [name]: '1' } })).error).toContain(
        'cannot be set',
      )
    expect((await post('http://127.0.0.1:9/', { headers: { 'a b': '1' } })).error).toContain(
      '"a b" is no name',
    )
  })

  it('that held a secret is not to be read in what the server makes of it', async () => {
    const url = await serve((request, response) => {
      response.writeHead(401).end(`wrong: ${request.headers['authorization']}`)
    })
    const handler = { headers: { Authorization: 'Bearer $ACME_TOKEN' }, allowedEnvVars: ['ACME_TOKEN'] }
    expect((await post(url, handler, { env })).error).toContain('status 401: wrong: Bearer [redacted]')
  })
})

describe('the address of an HTTP hook', () => {
  it.each([
    'http://127.0.0.1:9/',
    'http://localhost:9/',
    'http://2130706433:9/',
    'http://0x7f.1:9/',
    'http://0.0.0.0:9/',
    'http://[::1]:9/',
    'http://[::]:9/',
    'http://[::ffff:127.0.0.1]:9/',
    'http://[64:ff9b::7f00:1]:9/',
    'http://[2002:7f00:1::]:9/',
  ])('is not this machine by the spelling %s', async (url) => {
    const network = { allowLoopback: false, allowPrivate: true, allowedHosts: [] }
    expect((await post(url, {}, { network })).error).toContain('allowLoopback is not set')
  })

  it.each([
    'http://10.1.2.3/',
    'http://[64:ff9b:1::a00:1]/',
    'http://192.168.0.1/',
    'http://172.31.0.1/',
    'http://100.64.0.1/',
    'http://[fd12::1]/',
  ])('is not the private %s', async (url) => {
    expect((await post(url, {}, { network: LOCAL })).error).toContain('allowPrivate is not set')
  })

  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://[fd00:ec2::254]/',
    'http://[fe80::1]/',
    'http://[::ffff:169.254.169.254]/',
    'http://100.100.100.200/',
    'http://255.255.255.255/',
    'http://[::127.0.0.1]/',
  ])('is never %s', async (url) => {
    const network = { allowLoopback: true, allowPrivate: true, allowedHosts: [] }
    expect((await post(url, {}, { network })).error).toContain('is no address that a hook may call')
  })

  it('is judged alike however an IPv4 address is wrapped', () => {
    const network = { allowLoopback: false, allowPrivate: false, allowedHosts: [] }
    fc.assert(
      fc.property(fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)), ([a, b, c, d]) => {
        const plain = addressProblem([a, b, c, d].join('.'), network)
        const groups = [a * 256 + b, c * 256 + d].map((group) => group.toString(16)).join(':')
        for (const wrapped of [`::ffff:${groups}`, `64:ff9b::${groups}`, `2002:${groups}::1`])
          expect(addressProblem(wrapped, network) === undefined).toBe(plain === undefined)
      }),
    )
  })

  it('is public where it is public', () => {
    const network = { allowLoopback: false, allowPrivate: false, allowedHosts: [] }
    for (const address of ['1.1.1.1', '172.32.0.1', '9.255.255.255', '2606:4700::1111', '::ffff:8.8.8.8'])
      expect(addressProblem(address, network)).toBeUndefined()
  })

  it('is on the list of its bundle where that has one, and on that of the settings', async () => {
    const url = await serve(answer('{}'))
    const { port } = new URL(url)
    const of = (allowedHttpHosts: readonly string[]) => ({
      source: { file: '/a', layer: 'plugin', plugin: bundle('/a', { allowedHttpHosts }) } as const,
    })
    expect((await post(url, of(['example.com', '*.example.com']))).error).toContain(
      `127.0.0.1:${port} is not among the allowedHttpHosts of acme`,
    )
    expect((await post(url, of(['127.0.0.1']))).status).toBe('ok')
    expect((await post(url, of([`127.0.0.1:${port}`]))).status).toBe('ok')
    expect((await post(url, of(['127.0.0.1:1']))).status).toBe('failed')
    const network = { ...LOCAL, allowedHosts: ['hooks.example.com'] }
    expect((await post(url, {}, { network })).error).toContain('not among the hosts that hooks may call')
  })

  it('is an http or https URL', async () => {
    for (const url of ['file:///etc/passwd', 'ftp://127.0.0.1/', 'not a url', ''])
      expect(await post(url)).toMatchObject({ status: 'failed', error: expect.stringContaining('Its URL') })
  })

  it('can be a name whose addresses are all allowed', async () => {
    const { port } = new URL(await serve(answer('{"systemMessage":"hi"}')))
    expect(await post(`http://localhost:${port}/`)).toMatchObject({
      status: 'ok',
      output: { systemMessage: 'hi' },
    })
  })
})
