// A session store of one's own: a journal, one line per change, each written before it is acknowledged. It keeps the whole
// contract of a store (`test/custom-store.test.ts` is one call), and a runtime takes it as one more plugin.
import { randomUUID } from 'node:crypto'
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRuntime, definePlugin, HalterError, jsonSchema } from 'halter'
import type { CommitBatch, CommitResult, NewSession, SessionQuery, SessionStore } from '@halter/core'
import { MemorySessionStore } from '@halter/plugin-memory-store'
import type { SessionId } from '@halter/protocol'

/** A change that somebody asked for. */
type Change =
  | { readonly create: NewSession }
  | { readonly commit: CommitBatch; readonly id: SessionId }
  | { readonly delete: SessionId; readonly cascade: boolean }

/**
 * Every change is first a line at the end of the journal, and is then made in memory, in the order of the lines. Whoever reads
 * the journal makes the same changes and refuses the same ones, so several processes agree without a lock.
 */
export class JournalStore implements SessionStore {
  // A killed process loses nothing. With `datasync` before each acknowledgement it would be `power`.
  readonly durability = 'process'
  readonly #file: FileHandle
  readonly #sessions = new MemorySessionStore()
  /** Bytes of the journal that memory has. */
  #position = 0
  #newest: Promise<unknown> = Promise.resolve()

  private constructor(file: FileHandle) {
    this.#file = file
  }

  static async open(path: string): Promise<JournalStore> {
    return new JournalStore(await open(path, 'a+'))
  }

  async close(): Promise<void> {
    await this.#newest
    await this.#file.close()
  }

  create(session: NewSession): Promise<CommitResult> {
    return this.#change({ create: session })
  }

  commit(id: SessionId, batch: CommitBatch): Promise<CommitResult> {
    return this.#change({ commit: batch, id })
  }

  async delete(id: SessionId, options: { readonly cascade?: boolean } = {}): Promise<void> {
    await this.#change({ delete: id, cascade: options.cascade ?? false })
  }

  async load(id: SessionId) {
    await this.#inTurn(() => this.#catchUp())
    return this.#sessions.load(id)
  }

  async *replay(id: SessionId, range?: { readonly after?: number; readonly limit?: number }) {
    await this.#inTurn(() => this.#catchUp())
    yield* this.#sessions.replay(id, range)
  }

  async list(query?: SessionQuery) {
    await this.#inTurn(() => this.#catchUp())
    return this.#sessions.list(query)
  }

  async #change(change: Change): Promise<CommitResult> {
    const key = randomUUID()
    // The line begins with an end of line, too: half a line of a process that was killed must not swallow it.
    const line = `\n${JSON.stringify({ key, change })}\n`
    const outcomes = await this.#inTurn(async () => {
      await this.#write(line)
      return this.#catchUp()
    })
    return outcomes.get(key)!
  }

  /** Makes the changes that the journal has and memory does not. Returns what came of each, by its key. */
  async #catchUp(): Promise<ReadonlyMap<string, Promise<CommitResult>>> {
    const { size } = await this.#file.stat()
    const { buffer } = await this.#file.read(Buffer.alloc(size - this.#position), {
      position: this.#position,
    })
    const end = buffer.lastIndexOf('\n') + 1
    this.#position += end
    const outcomes = new Map<string, Promise<CommitResult>>()
    for (const line of buffer.toString('utf8', 0, end).split('\n')) {
      const entry = parse(line)
      if (!entry) continue
      const outcome = this.#make(entry.change)
      await outcome.catch(() => undefined) // refused: whoever asked for it is told
      outcomes.set(entry.key, outcome)
    }
    return outcomes
  }

  async #make(change: Change): Promise<CommitResult> {
    if ('create' in change) return this.#sessions.create(change.create)
    if ('commit' in change) return this.#sessions.commit(change.id, change.commit)
    await this.#sessions.delete(change.delete, { cascade: change.cascade })
    return { head: 0 }
  }

  async #write(line: string): Promise<void> {
    try {
      await this.#file.appendFile(line)
    } catch (cause) {
      throw new HalterError('ERR_STORE_FAILED', 'The journal cannot be written. Look after its disk.', {
        cause,
      })
    }
  }

  /** One after the other; what failed holds nobody up. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#newest.then(work)
    this.#newest = done.catch(() => undefined)
    return done
  }
}

/** Undefined for what a killed process left of a line: it acknowledged nothing of it. */
function parse(line: string): { readonly key: string; readonly change: Change } | undefined {
  try {
    return line === '' ? undefined : JSON.parse(line)
  } catch {
    return undefined
  }
}

/** The store as a plugin: it wins the slot from the default one because the application names it. */
const journalStore = definePlugin({
  name: '@acme/journal-store',
  apiVersion: 1,
  config: jsonSchema<{ path: string }>({
    type: 'object',
    properties: { path: { type: 'string' } },
    required: ['path'],
  }),
  provides: ['sessionStore'],
  async setup({ config, defer }) {
    const store = await JournalStore.open(config.path)
    defer(() => store.close())
    return { sessionStore: store }
  },
})

export default journalStore

if (import.meta.main) {
  const folder = await mkdtemp(join(tmpdir(), 'halter-journal-'))
  const options = {
    plugins: [[journalStore, { path: join(folder, 'journal.jsonl') }] as const],
    defaultModel: `scripted/${join(import.meta.dirname, 'scripts/hello.json')}`,
  }
  try {
    await using first = await createRuntime(options)
    const session = await first.newSession({ title: 'In a journal' })
    console.log((await session.submitTurn('Hello?').orThrow()).text)
    await first.shutdown()

    await using second = await createRuntime(options)
    const { sessions } = await second.listSessions()
    for (const { title, turns, status } of sessions) console.log(`${title}: ${turns} turn, ${status}`)
    for await (const { seq, type } of second.replay(session.id)) console.log(seq, type)
  } finally {
    await rm(folder, { recursive: true })
  }
}
