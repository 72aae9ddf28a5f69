import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createRuntime } from 'halter'
import sqliteStore from '@halter/plugin-sqlite-store'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'

const folder = await mkdtemp(join(tmpdir(), 'halter-service-'))
afterAll(() => rm(folder, { recursive: true }))
const TOKEN = 'a token that only the tests have'
const examples = join(import.meta.dirname, '..')
let stores = 0
const newStore = (): string => join(folder, `${(stores += 1)}.db`)

test('a session is made, prompted, asked for an approval, and followed to its end', async () => {
  const service = await Service.start(newStore())
  const { id } = await service.post('/sessions', { title: 'over HTTP' }, 201)
  const { disposition } = await service.post(`/sessions/${id}/turns`, { prompt: 'go' }, 202)
  expect(disposition).toBe('started')
  const seen = await service.follow(id, {
    until: 'turn.completed',
    onQuestion: (callId) => service.post(`/sessions/${id}/approvals/${callId}`, { answer: 'once' }),
  })
  expect(seen.map(({ id: seq }) => seq).filter((seq) => seq !== undefined)).toEqual(
    Array.from({ length: Number(seen.at(-1)!.id) }, (_, index) => String(index + 1)),
  )
  const shown = seen.filter(({ event }) => event === 'text.delta').map(({ data }) => data.text)
  expect(shown.join('')).toBe('One piece after the other.')
  expect(seen.find(({ event }) => event === 'toolCall.finished')?.data).toMatchObject({ outcome: 'ok' })
  const { sessions } = await service.get('/sessions')
  expect(sessions).toMatchObject([{ sessionId: id, title: 'over HTTP', status: 'idle' }])
})

test('a reader that was cut off goes on at another process and misses nothing', async () => {
  const store = newStore()
  const [one, other] = await Promise.all([Service.start(store), Service.start(store)])
  const { id } = await one.post('/sessions', {}, 201)
  await one.post(`/sessions/${id}/turns`, { prompt: 'go' }, 202)
  const first = await one.follow(id, { until: 'approval.requested' })
  const after = first.at(-1)!.id!
  const rest = other.follow(id, { after, until: 'turn.completed' })
  const callId = String(first.at(-1)!.data['callId'])
  const refused = await other.send('POST', `/sessions/${id}/approvals/${callId}`, { answer: 'once' })
  expect(refused).toMatchObject({ status: 409, body: { error: { code: 'ERR_SESSION_LEASED' } } })
  await one.post(`/sessions/${id}/approvals/${callId}`, { answer: 'deny', reason: 'not today' })
  const seqs = [...first, ...(await rest)].flatMap(({ id: seq }) => (seq === undefined ? [] : [Number(seq)]))
  expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, index) => index + 1))
  const next = await other.post(`/sessions/${id}/turns`, { prompt: 'and here' }, 202)
  expect(next.disposition).toBe('started')
  await other.post(`/sessions/${id}/interrupt`, {})
  const [end] = (await other.follow(id, { after: String(seqs.at(-1)), until: 'turn.failed' })).slice(-1)
  expect(end!.data).toMatchObject({ reason: 'interrupted' })
})

test('the session of a process that was killed is taken over with the next request', async () => {
  const store = newStore()
  const [one, other] = await Promise.all([Service.start(store), Service.start(store)])
  const { id } = await one.post('/sessions', {}, 201)
  await one.post(`/sessions/${id}/turns`, { prompt: 'go' }, 202)
  await one.follow(id, { until: 'approval.requested' })
  await one.kill('SIGKILL')
  await other.post(`/sessions/${id}/turns`, { prompt: 'are you there?' }, 202)
  const seen = await other.follow(id, { until: 'approval.requested', skip: 1 })
  expect(seen.filter(({ event }) => event === 'turn.failed').map(({ data }) => data.reason)).toEqual([
    'crashed',
  ])
  expect(seen.filter(({ event }) => event === 'turn.started')).toHaveLength(2)
})

test('SIGTERM lets a turn end, ends the readers, and leaves a whole log', async () => {
  const store = newStore()
  const service = await Service.start(store)
  const { id } = await service.post('/sessions', {}, 201)
  await service.post(`/sessions/${id}/turns`, { prompt: 'go' }, 202)
  const following = service.follow(id, {
    until: 'never',
    onQuestion: async (callId) => {
      await service.post(`/sessions/${id}/approvals/${callId}`, { answer: 'once' })
      service.process.kill('SIGTERM')
    },
  })
  await following
  expect(await service.ended).toEqual([0, null])
  expect(service.last).toMatchObject({ event: 'stopped', turnsDrained: 1, turnsAborted: 0, timedOut: false })
  await using runtime = await createRuntime({
    plugins: [[sqliteStore, { path: store }]],
    defaultModel: 'demo',
  })
  expect((await runtime.verify(id)).problems).toEqual([])
  expect((await Array.fromAsync(runtime.replay(id))).at(-1)).toMatchObject({ type: 'turn.completed' })
})

let shared: Service
beforeAll(async () => {
  shared = await Service.start(newStore(), () => undefined)
})
afterAll(() => shared.kill('SIGKILL'))

test.each([
  ['no token', { authorization: '' }, 401],
  ['another token', { authorization: 'Bearer wrong' }, 401],
  ['a page of a browser', { origin: 'https://example.com' }, 403],
  ['another name of this machine', { host: 'example.com' }, 421],
])('%s is refused', async (_, headers, status) => {
  expect((await shared.send('GET', '/sessions', undefined, headers)).status).toBe(status)
})

test.each([
  ['POST', '/sessions/nobody/turns', { prompt: 'x' }, 404, 'ERR_SESSION_UNKNOWN'],
  ['POST', '/sessions/nobody/turns', {}, 400, 'ERR_SESSION_INPUT'],
  ['POST', '/sessions/nobody/approvals/x', { answer: 'perhaps' }, 400, 'ERR_SESSION_INPUT'],
  ['POST', '/sessions', [1], 400, 'ERR_SESSION_INPUT'],
  ['POST', '/sessions', { title: 'x'.repeat(1024 * 1024) }, 400, 'ERR_SESSION_INPUT'],
  ['GET', '/nowhere', undefined, 404, undefined],
] as const)('%s %s with %o is answered with %i %s', async (method, path, body, status, code) => {
  const answer = await shared.send(method, path, body)
  expect([answer.status, answer.body.error.code]).toEqual([status, code])
})

/** What the service answers, all of it together. */
interface Body {
  readonly id: string
  readonly disposition: string
  readonly sessions: readonly unknown[]
  readonly error: { readonly code?: string }
}

interface Frame {
  readonly id?: string
  readonly event: string
  readonly data: Readonly<Record<string, unknown>>
}

/** A real process that serves. */
class Service {
  last: unknown
  readonly ended: Promise<unknown[]>
  readonly process: ChildProcess
  readonly #url: string

  private constructor(process: ChildProcess, url: string) {
    this.process = process
    this.#url = url
    this.ended = once(process, 'exit')
  }

  static async start(store: string, later: (stop: () => Promise<void>) => void = onTestFinished) {
    const args = ['http-service/server.ts', '--store', store, '--model', 'scripted/scripts/service.json']
    const child = spawn(process.execPath, args, {
      cwd: examples,
      env: { ...process.env, HALTER_SERVICE_TOKEN: TOKEN },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = createInterface({ input: child.stdout })
    const [first] = (await once(lines, 'line')) as [string]
    const service = new Service(child, JSON.parse(first).url)
    lines.on('line', (line) => {
      service.last = JSON.parse(line)
    })
    later(() => service.kill('SIGKILL'))
    return service
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return
    this.process.kill(signal)
    await this.ended
  }

  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const { request } = await import('node:http')
    const sent = request(new URL(path, this.#url), {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, ...headers },
    })
    sent.end(body === undefined ? undefined : JSON.stringify(body))
    const [response] = await once(sent, 'response')
    let text = ''
    for await (const chunk of response.setEncoding('utf8')) text += chunk
    return { status: response.statusCode as number, body: JSON.parse(text) as Body }
  }

  async get(path: string): Promise<Body> {
    return (await this.send('GET', path)).body
  }

  async post(path: string, body: unknown, status = 200): Promise<Body> {
    const answer = await this.send('POST', path, body)
    expect(answer).toMatchObject({ status })
    return answer.body
  }

  /** What comes, until an event of this type, after `skip` others of it; or until the stream ends. */
  async follow(
    id: string,
    options: {
      readonly after?: string
      readonly until: string
      readonly skip?: number
      readonly onQuestion?: (callId: string) => Promise<unknown>
    },
  ): Promise<readonly Frame[]> {
    const leaving = new AbortController()
    const response = await fetch(new URL(`/sessions/${id}/events`, this.#url), {
      headers: { authorization: `Bearer ${TOKEN}`, ...(options.after && { 'last-event-id': options.after }) },
      signal: leaving.signal,
    })
    const frames: Frame[] = []
    let { skip = 0 } = options
    let rest = ''
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const texts = (rest + chunk).split('\n\n')
      rest = texts.pop()!
      for (const text of texts) {
        const frame = parseFrame(text)
        frames.push(frame)
        if (frame.event === 'approval.requested') await options.onQuestion?.(String(frame.data['callId']))
        if (frame.event !== options.until || skip-- > 0) continue
        leaving.abort()
        return frames
      }
    }
    return frames
  }
}

function parseFrame(text: string): Frame {
  const fields = Object.fromEntries(text.split('\n').map((line) => /^(\w+): (.*)$/.exec(line)!.slice(1)))
  return { ...fields, data: JSON.parse(fields['data']) } as Frame
}
