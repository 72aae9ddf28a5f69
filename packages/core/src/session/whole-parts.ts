import type { BlobPart, DocumentPart, ImagePart, SessionId, StoredEvent, TextPart } from '@halter/protocol'
import type {
  BlobOperations,
  ChangePage,
  CommitBatch,
  CommitResult,
  LeaseOperations,
  NewSession,
  SessionPage,
  SessionQuery,
  SessionStore,
  StoredSession,
} from '../contracts/session-store.ts'
import { HalterError, isHalterError } from '../errors.ts'

/** Contents longer than this are stored once and referenced. UTF-16 units. */
const MAX_INLINE_LENGTH = 16 * 1024

type LargePart = TextPart | ImagePart | DocumentPart
type Part = { readonly kind: string }

/** A store as the runtime sees it: whole parts go in and come out, whatever the store makes of large ones. */
export function withWholeParts(store: SessionStore): SessionStore {
  return store.blobs ? new WholePartsStore(store, store.blobs) : store
}

class WholePartsStore implements SessionStore {
  readonly #store: SessionStore
  readonly #blobs: BlobOperations
  readonly durability: SessionStore['durability']
  readonly keepsCheckpoints: boolean
  readonly leases?: LeaseOperations
  readonly blobs: BlobOperations
  readonly fork?: NonNullable<SessionStore['fork']>
  readonly changes?: NonNullable<SessionStore['changes']>
  readonly position?: NonNullable<SessionStore['position']>

  constructor(store: SessionStore, blobs: BlobOperations) {
    this.#store = store
    this.#blobs = blobs
    this.blobs = blobs
    this.durability = store.durability
    this.keepsCheckpoints = store.keepsCheckpoints ?? false
    if (store.leases) this.leases = store.leases
    if (store.fork)
      this.fork = async (session) =>
        store.fork!({ ...session, events: await this.#outsource(session.events) })
    if (store.changes) this.changes = (range) => this.#changes(range)
    if (store.position) this.position = () => store.position!()
  }

  async create(session: NewSession): Promise<CommitResult> {
    return this.#store.create({ ...session, events: await this.#outsource(session.events) })
  }

  load(id: SessionId): Promise<StoredSession | undefined> {
    return this.#store.load(id)
  }

  commit(id: SessionId, batch: CommitBatch): Promise<CommitResult> {
    if (!batch.events.some(isLarge)) return this.#store.commit(id, batch)
    return this.#outsource(batch.events).then((events) => this.#store.commit(id, { ...batch, events }))
  }

  async *replay(
    id: SessionId,
    range?: { readonly after?: number; readonly limit?: number },
  ): AsyncGenerator<StoredEvent> {
    for await (const event of this.#store.replay(id, range))
      yield hasBlob(event) ? await this.#restore(event) : event
  }

  list(query?: SessionQuery): Promise<SessionPage> {
    return this.#store.list(query)
  }

  delete(id: SessionId, options?: { readonly cascade?: boolean }): Promise<void> {
    return this.#store.delete(id, options)
  }

  async #changes(range?: { readonly after?: string; readonly limit?: number }): Promise<ChangePage> {
    const page = await this.#store.changes!(range)
    return { ...page, events: await Promise.all(page.events.map((event) => this.#restoreOrLeave(event))) }
  }

  /** One large part that is gone must not hold up everything that was committed after it: it stays a reference. */
  async #restoreOrLeave(event: StoredEvent): Promise<StoredEvent> {
    try {
      return await this.#restore(event)
    } catch (error) {
      if (isHalterError(error, 'ERR_SESSION_DAMAGED')) return event
      throw error
    }
  }

  #outsource(events: readonly StoredEvent[]): Promise<readonly StoredEvent[]> {
    const put = async (part: Part): Promise<Part> => (isLargePart(part) ? this.#put(part) : part)
    return Promise.all(events.map(async (event) => (isLarge(event) ? mapParts(event, put) : event)))
  }

  async #restore(event: StoredEvent): Promise<StoredEvent> {
    const get = async (part: Part): Promise<Part> =>
      part.kind === 'blob' ? this.#get(part as BlobPart, event) : part
    return hasBlob(event) ? mapParts(event, get) : event
  }

  async #put(part: LargePart): Promise<BlobPart> {
    const content = contentOf(part)
    const sha256 = await this.#blobs.put(content)
    const { kind } = part
    const of = part.kind === 'text' ? { kind } : withoutData(part)
    return { kind: 'blob', sha256, bytes: Buffer.byteLength(content), of }
  }

  async #get({ sha256, of }: BlobPart, { sessionId, seq }: StoredEvent): Promise<LargePart> {
    const content = await this.#blobs.get(sha256)
    if (content === undefined)
      throw new HalterError(
        'ERR_SESSION_DAMAGED',
        `Session ${sessionId}, seq ${seq}: a large part (sha256 ${sha256}) is missing from the store. Other sessions are not affected.`,
        { data: { seq } },
      )
    return (of.kind === 'text' ? { kind: 'text', text: content } : { ...of, data: content }) as LargePart
  }
}

/** The parts of an event that may be large, where it has any. */
function partsOf(event: StoredEvent): readonly Part[] | undefined {
  if (event.type === 'message.appended') return event.message.parts
  if (event.type === 'toolCall.finished') return event.parts
  return event.type === 'turn.started' ? event.input : undefined
}

async function mapParts(event: StoredEvent, map: (part: Part) => Promise<Part>): Promise<StoredEvent> {
  const parts = (await Promise.all(partsOf(event)!.map(map))) as never[] // of the kinds that were there
  if (event.type === 'message.appended') return { ...event, message: { ...event.message, parts } }
  return { ...event, [event.type === 'turn.started' ? 'input' : 'parts']: parts }
}

function isLarge(event: StoredEvent): boolean {
  return partsOf(event)?.some(isLargePart) ?? false
}

function hasBlob(event: StoredEvent): boolean {
  return blobIn(event) !== undefined
}

/** The first part of an event that only refers to its content. */
export function blobIn(event: StoredEvent): BlobPart | undefined {
  return blobAmong(partsOf(event) ?? [])
}

/** What is wrong with parts that come from outside: one that only refers to its content is a store's own, and no replay could show it. */
export function problemOfParts(parts: readonly Part[]): HalterError | undefined {
  const blob = blobAmong(parts)
  if (!blob) return undefined
  return new HalterError(
    'ERR_SESSION_INPUT',
    `A part refers to content that is stored elsewhere (kind "blob", sha256 ${blob.sha256}). Only stores use such parts: pass the content itself.`,
  )
}

function blobAmong(parts: readonly Part[]): BlobPart | undefined {
  return parts.find(({ kind }) => kind === 'blob') as BlobPart | undefined
}

function isLargePart(part: Part): part is LargePart {
  return (
    (part.kind === 'text' || part.kind === 'image' || part.kind === 'document') &&
    contentOf(part as LargePart).length > MAX_INLINE_LENGTH
  )
}

function contentOf(part: LargePart): string {
  return part.kind === 'text' ? part.text : part.data
}

function withoutData({ data: _data, ...rest }: ImagePart | DocumentPart): BlobPart['of'] {
  return rest
}
