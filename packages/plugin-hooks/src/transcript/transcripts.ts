import { HalterError, type SessionPort } from '@halter/core'
import type { AssistantMessage, SessionId } from '@halter/protocol'
import { hash } from 'node:crypto'
import { mkdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PLAIN_SPEECH, type ToolSpeech } from './blocks.ts'
import { openFolder, sweepFolders } from './transcript-folder.ts'
import { TranscriptFile } from './transcript-file.ts'
import type { EventSource } from './whole-event.ts'

/** A transcript, and who needs it. */
interface Entry {
  readonly file: TranscriptFile
  readonly parentId: SessionId | undefined
  /** Its session has asked for it and is in memory. */
  isOpen: boolean
}

/** A session's hold on its transcript. */
interface Hold {
  readonly transcripts: Transcripts
  isReleased: boolean
}

/** What transcripts are made of. */
export interface TranscriptsOptions {
  readonly source: EventSource
  /** How tool calls are shown. Default: as they are. */
  readonly speech?: ToolSpeech
  /** Where the folder of the files is made. Default: the system's folder for temporary files. */
  readonly parent?: string
}

/**
 * The transcript files of one process. A file is made when somebody first asks for it, and deleted when its session leaves memory; that
 * of a subagent stays until its parent's goes. What a killed process left behind is deleted by the next one.
 */
export class Transcripts {
  readonly #options: TranscriptsOptions
  readonly #entries = new Map<SessionId, Entry>()
  #folder: Promise<string> | undefined

  constructor(options: TranscriptsOptions) {
    this.#options = options
  }

  /**
   * The path of a session's transcript, which has everything that is stored of it when this resolves; and `pending`, a reply that is
   * about to be stored.
   * @throws what reading the log or writing the file failed with; HalterError `ERR_SESSION_CLOSED` when the session has left memory.
   */
  async update(session: SessionPort, pending?: AssistantMessage): Promise<string> {
    const { sessionId, parentId } = session.blueprint
    // After a reload the session keeps its file, which another instance made.
    const hold = session.resource<Hold>('transcript', (defer) => {
      const taken = { transcripts: this, isReleased: false }
      defer(() => {
        taken.isReleased = true
        return this.#release(sessionId)
      })
      return taken
    })
    // Nobody would delete the file any more.
    if (hold.isReleased)
      throw new HalterError(
        'ERR_SESSION_CLOSED',
        `Session ${sessionId} has left memory, so it has no transcript here.`,
      )
    const entry = await hold.transcripts.#entry(sessionId, parentId)
    entry.isOpen = true
    await entry.file.update(session.state.head, pending)
    return entry.file.path
  }

  /**
   * The path of the parent's transcript, up to date; undefined for a session without a parent. It lasts as long as the parent's own,
   * or else as the session's.
   */
  async updateParent(session: SessionPort): Promise<string | undefined> {
    const { parentId } = session.blueprint
    if (parentId === undefined) return undefined
    await this.update(session)
    const { file } = await this.#entry(parentId, undefined)
    await file.update()
    return file.path
  }

  async #entry(id: SessionId, parentId: SessionId | undefined): Promise<Entry> {
    const folder = await (this.#folder ??= this.#open())
    let entry = this.#entries.get(id)
    if (!entry) {
      const { source, speech = PLAIN_SPEECH } = this.#options
      const path = join(folder, `${fileName(id)}.jsonl`)
      const makeFolder = async (): Promise<void> =>
        void (await mkdir(folder, { recursive: true, mode: 0o700 }))
      const file = new TranscriptFile({ path, sessionId: id, source, speech, makeFolder })
      this.#entries.set(id, (entry = { file, parentId, isOpen: false }))
    }
    return entry
  }

  async #open(): Promise<string> {
    const folder = await openFolder(this.#options.parent)
    void sweepFolders(this.#options.parent)
    return folder
  }

  /** A session leaves memory. Its transcript stays while its parent's is there; those of its own subagents go with it. */
  async #release(id: SessionId): Promise<void> {
    const entry = this.#entries.get(id)
    if (!entry) return
    entry.isOpen = false
    const parent = entry.parentId === undefined ? undefined : this.#entries.get(entry.parentId)
    if (!parent) await this.#remove(id, entry)
    else if (!parent.isOpen && !this.#isNeeded(entry.parentId!, parent))
      await this.#remove(entry.parentId!, parent)
    if (this.#entries.size > 0 || !this.#folder) return
    // Not empty, or gone already: nothing of ours is in it.
    await rmdir(await this.#folder).catch(() => {})
  }

  /** Whether something that is open stands above or below: one that somebody else asked for goes with whoever did. */
  #isNeeded(id: SessionId, { parentId }: Entry): boolean {
    const hasParent = parentId !== undefined && this.#entries.has(parentId)
    return hasParent || this.#childrenOf(id).some(([, child]) => child.isOpen)
  }

  async #remove(id: SessionId, { file }: Entry): Promise<void> {
    this.#entries.delete(id)
    await file.remove()
    for (const [childId, child] of this.#childrenOf(id)) if (!child.isOpen) await this.#remove(childId, child)
  }

  #childrenOf(id: SessionId): readonly (readonly [SessionId, Entry])[] {
    return [...this.#entries].filter(([, { parentId }]) => parentId === id)
  }
}

/** Ids are UUIDs, unless somebody gave one of his own. */
function fileName(id: SessionId): string {
  return /^[\w-]{1,100}$/.test(id) ? id : hash('sha256', id)
}
