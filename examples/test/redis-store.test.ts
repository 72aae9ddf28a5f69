import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRuntime } from 'halter'
import { sampleBatch, sampleSession, testSessionStore } from '@halter/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import redisStore, { openRedisStore } from '../redis-store/index.ts'

const hasRedis = spawnSync('redis-server', ['--version']).status === 0

describe.skipIf(!hasRedis)('on a real Redis (skipped where no redis-server is installed)', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterAll(() => server.end())

  const open = () => openRedisStore({ url: server.url, prefix: 'suite:' })
  testSessionStore('the Redis store', { open, reopen: open })

  test('a runtime keeps its sessions there, and another one goes on with them', async () => {
    const options = {
      plugins: [[redisStore, { url: server.url, prefix: 'runtime:' }] as const],
      defaultModel: `scripted/${join(import.meta.dirname, '../scripts/hello.json')}`,
    }
    await using first = await createRuntime(options)
    const session = await first.newSession({ title: 'In Redis' })
    expect((await session.submitTurn('Hello?').orThrow()).text).toContain('Hello!')
    await session.detach()
    await using second = await createRuntime(options)
    expect((await second.listSessions()).sessions.map(({ title }) => title)).toEqual(['In Redis'])
    const again = (await second.resume(session.id))!
    expect((await again.submitTurn('And now?').result).status).toBe('completed')
    expect((await second.verify(session.id)).problems).toEqual([])
  })

  test('a Redis that is killed is a failed commit; once it is back, the same commit goes through and nothing is lost', async () => {
    const { store, close } = await open()
    const session = sampleSession({ texts: ['before'] })
    await store.create(session)
    await server.kill()
    const batch = sampleBatch(session.sessionId, 2, ['while it is away'])
    await expect(store.commit(session.sessionId, batch)).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' })
    await server.restart()
    await expect
      .poll(() => store.commit(session.sessionId, batch).catch(() => undefined), { timeout: 10_000 })
      .toEqual({ head: 3 })
    expect(await Array.fromAsync(store.replay(session.sessionId))).toEqual([
      ...session.events,
      ...batch.events,
    ])
    await close()
  })
})

test('where nobody answers, the plugin does not start, and says what to do', async () => {
  const url = `redis://127.0.0.1:${await freePort()}`
  await expect(createRuntime({ plugins: [[redisStore, { url }]] })).rejects.toMatchObject({
    message: expect.stringMatching(/Redis does not answer at 127\.0\.0\.1:\d+\. Start it, or change "url"\./),
  })
})

/** A Redis of our own, on a free port, that writes each change to its file before it answers. */
class RedisServer {
  readonly #folder: string
  readonly #port: number
  #process!: ChildProcess

  private constructor(folder: string, port: number) {
    this.#folder = folder
    this.#port = port
  }

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await mkdtemp(join(tmpdir(), 'halter-redis-')), await freePort())
    await server.restart()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`
  }

  async restart(): Promise<void> {
    const options = [
      '--port',
      this.#port,
      '--bind',
      '127.0.0.1',
      '--dir',
      this.#folder,
      '--appendonly',
      'yes',
    ]
    this.#process = spawn('redis-server', [...options.map(String), '--appendfsync', 'always'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    for await (const text of this.#process.stdout!) if (String(text).includes('Ready to accept')) break
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null) return
    this.#process.kill('SIGKILL')
    await once(this.#process, 'exit')
  }

  async end(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true })
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}
