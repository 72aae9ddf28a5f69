import type { AssistantMessage, SessionId } from '@halter/protocol'
import { closeSync, constants, existsSync, ftruncateSync, openSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import type { ToolSpeech } from './blocks.ts'
import { EventProjection } from './project-events.ts'
import type { TranscriptLine } from './transcript-line.ts'
import { wholeEvent, type EventSource } from './whole-event.ts'

/** Characters that are gathered before they are written. */
const CHUNK = 512 * 1024

/** What a transcript file is made of. */
export interface TranscriptFileOptions {
  readonly path: string
  readonly sessionId: SessionId
  readonly source: EventSource
  readonly speech: ToolSpeech
  /** Makes the folder of `path`. */
  makeFolder(): Promise<void>
}

/**
 * The transcript of one session as a file that only its owner can read. It is brought up to date by what the log holds that the file
 * does not, so that this costs the same however long the session is. Somebody who deletes it gets a new one.
 */
export class TranscriptFile {
  readonly path: string
  readonly #options: TranscriptFileOptions
  #projection: EventProjection
  /** `seq` of the newest event in the file. */
  #seq = 0
  /** Bytes of the file, what is ahead left out. */
  #size = 0
  /** Id of a reply at the end of the file that was not stored when it was written. */
  #ahead: string | undefined
  #isThere = false
  #work: Promise<void> = Promise.resolve()

  constructor(options: TranscriptFileOptions) {
    this.path = options.path
    this.#options = options
    this.#projection = new EventProjection(options.sessionId, options.speech)
  }

  /**
   * Brings the file up to `head`; to the end of the log where that is not given. `pending` is a reply that is about to be stored.
   * @throws what reading the log or writing the file failed with; the next call tries again.
   */
  update(head?: number, pending?: AssistantMessage): Promise<void> {
    const work = this.#work.then(() => this.#update(head, pending))
    this.#work = work.catch(() => {})
    return work
  }

  /** Deletes the file, when nothing writes it any more. */
  async remove(): Promise<void> {
    await this.#work
    await rm(this.path, { force: true })
  }

  async #update(head: number | undefined, pending: AssistantMessage | undefined): Promise<void> {
    const isNothingNew = !pending && head !== undefined && head <= this.#seq
    if (this.#isThere && isNothingNew && existsSync(this.path)) return
    if (!(await this.#tryToWrite(pending))) await this.#tryToWrite(pending)
  }

  /** False when the file was there and is gone. What any other failure left in it is not known; then too it begins anew. */
  async #tryToWrite(pending: AssistantMessage | undefined): Promise<boolean> {
    const wasThere = this.#isThere
    try {
      if (!wasThere) await this.#options.makeFolder()
      if (await this.#write(pending)) return true
    } catch (error) {
      this.#startOver()
      if (!wasThere || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    this.#startOver()
    return false
  }

  /** Adds what is new. False when that is nothing, and the file is gone. */
  async #write(pending: AssistantMessage | undefined): Promise<boolean> {
    const { source, sessionId } = this.#options
    let text = ''
    for await (const stored of source.replay(sessionId, { after: this.#seq })) {
      const event = await wholeEvent(stored, source)
      text += textOf(this.#projection.take(event))
      this.#seq = event.seq
      if (text.length < CHUNK) continue
      this.#append(text)
      text = ''
      // A long log that is read for the first time must not hold up other sessions.
      await setImmediate()
    }
    text += textOf(this.#projection.flush())
    const ahead = pending ? textOf(this.#projection.ahead(pending)) : ''
    const isNew = text !== '' || (ahead !== '' && pending!.id !== this.#ahead)
    if (!isNew && this.#isThere) return existsSync(this.path)
    this.#append(text, ahead)
    if (ahead !== '') this.#ahead = pending!.id
    return true
  }

  /**
   * `ahead` stands at the end until something else does: once it is stored, it comes again with what it cost. Not asynchronous: a few
   * lines for the page cache take 20 µs, and the round trips to a thread ten times as long.
   */
  #append(text: string, ahead = ''): void {
    const { O_WRONLY, O_APPEND, O_CREAT, O_TRUNC } = constants
    // One that was deleted a moment ago is not made anew with only its last lines.
    const file = openSync(this.path, O_WRONLY | O_APPEND | (this.#isThere ? 0 : O_CREAT | O_TRUNC), 0o600)
    try {
      if (this.#ahead !== undefined) ftruncateSync(file, this.#size)
      this.#ahead = undefined
      writeFileSync(file, text + ahead)
    } finally {
      closeSync(file)
    }
    this.#size += Buffer.byteLength(text)
    this.#isThere = true
  }

  #startOver(): void {
    this.#isThere = false
    this.#seq = 0
    this.#size = 0
    this.#ahead = undefined
    this.#projection = new EventProjection(this.#options.sessionId, this.#options.speech)
  }
}

function textOf(lines: readonly TranscriptLine[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}
