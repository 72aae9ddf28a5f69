import type { AssistantMessage, SessionId } from '@halter/protocol'
import { constants } from 'node:fs'
import { access, open, rm } from 'node:fs/promises'
import type { SpeakTool } from './blocks.ts'
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
  readonly speak: SpeakTool
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
  #isThere = false
  #work: Promise<void> = Promise.resolve()

  constructor(options: TranscriptFileOptions) {
    this.path = options.path
    this.#options = options
    this.#projection = new EventProjection(options.speak)
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
    if (this.#isThere && !(await isWritable(this.path))) this.#startOver()
    const isNew = !this.#isThere
    if (isNew) await this.#options.makeFolder()
    if (!isNew && !pending && head !== undefined && head <= this.#seq) return
    const file = await open(this.path, isNew ? 'w' : 'a', 0o600)
    try {
      this.#isThere = true
      await this.#write(pending, (text) => file.appendFile(text))
    } catch (error) {
      // What is in the file now is not known: it is written again.
      this.#startOver()
      throw error
    } finally {
      await file.close()
    }
  }

  async #write(
    pending: AssistantMessage | undefined,
    append: (text: string) => Promise<void>,
  ): Promise<void> {
    const { source, sessionId } = this.#options
    let text = ''
    for await (const stored of source.replay(sessionId, { after: this.#seq })) {
      const event = await wholeEvent(stored, source)
      // A fork replays the log that it came from, under its own id.
      text += textOf(this.#projection.take(event))
      this.#seq = event.seq
      if (text.length < CHUNK) continue
      await append(text)
      text = ''
    }
    text += textOf(this.#projection.flush())
    if (pending) text += textOf(this.#projection.ahead(pending))
    if (text !== '') await append(text)
  }

  #startOver(): void {
    this.#isThere = false
    this.#seq = 0
    this.#projection = new EventProjection(this.#options.speak)
  }
}

function textOf(lines: readonly TranscriptLine[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}

async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  )
}
