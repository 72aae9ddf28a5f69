import { open, type FileHandle } from 'node:fs/promises'
import type { SessionId, StoredEvent } from '@halter/protocol'
import type { Kin } from './family.ts'

/** Version of the header lines. */
const TRACE_VERSION = 1
/** Text is handed over in pieces of about this length. UTF-16 units. */
const PIECE = 1 << 20

/** An event, and whose. */
export interface TracedEvent {
  readonly event: StoredEvent
  readonly kin: Kin
}

/**
 * One trace: a header line per session, at its first event, and a line per event. Only ever appended to; half a line, as a
 * killed process or a full disk leaves it, is cut off first. Its caller holds the folder's lock.
 */
export class TraceFile {
  readonly #path: string
  /** Bytes of the file whose lines are known. */
  #known = 0
  #inode: number | undefined
  /** The newest `seq` that the file has of each session. */
  #newest = new Map<SessionId, number>()

  constructor(path: string) {
    this.#path = path
  }

  /** Appends what the file does not have yet. The file is open only for as long as this takes. */
  async append(events: readonly TracedEvent[]): Promise<void> {
    const file = await open(this.#path, 'a+', 0o600)
    try {
      await this.#catchUp(file)
      let piece = ''
      for (const each of events) {
        piece += this.#linesOf(each)
        if (piece.length >= PIECE) piece = await this.#write(file, piece)
      }
      await this.#write(file, piece)
    } catch (error) {
      this.#forget() // what arrived is in the file, and read from there
      throw error
    } finally {
      await file.close()
    }
  }

  /** Reads what others have appended since, and all of a file that is new to us. */
  async #catchUp(file: FileHandle): Promise<void> {
    const { size, ino } = await file.stat()
    if (ino !== this.#inode || size < this.#known) this.#forget()
    this.#inode = ino
    if (size === this.#known) return
    let rest: Buffer = Buffer.alloc(0)
    const stream = file.createReadStream({
      start: this.#known,
      end: size - 1,
      autoClose: false,
      highWaterMark: 1 << 18,
    })
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const text = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      rest = text.subarray(this.#readLines(text))
    }
    if (rest.length > 0) await file.truncate(this.#known)
  }

  /** Takes in whole lines; returns how many bytes they are. */
  #readLines(text: Buffer): number {
    let start = 0
    for (let end = text.indexOf(NEWLINE); end !== -1; end = text.indexOf(NEWLINE, start)) {
      const beginning = LINE.exec(text.toString('utf8', start, Math.min(end, start + LONGEST_BEGINNING)))
      if (beginning) this.#note(JSON.parse(beginning[1]!) as SessionId, Number(beginning[2] ?? 0))
      start = end + 1
    }
    this.#known += start
    return start
  }

  #note(id: SessionId, seq: number): void {
    this.#newest.set(id, Math.max(seq, this.#newest.get(id) ?? 0))
  }

  /** The lines of an event, its session's header before the first one; nothing when the file has it. */
  #linesOf({ event, kin }: TracedEvent): string {
    const { sessionId, seq } = event
    const newest = this.#newest.get(sessionId)
    if (newest !== undefined && seq <= newest) return ''
    this.#note(sessionId, seq)
    // These two first: that is how they are found again.
    const line = `${JSON.stringify(Object.assign({ sessionId, seq }, event))}\n`
    return newest === undefined ? `${headerOf(sessionId, kin)}\n${line}` : line
  }

  /** Returns the text that is left to write: none. */
  async #write(file: FileHandle, text: string): Promise<''> {
    if (text === '') return ''
    const bytes = Buffer.from(text)
    await file.appendFile(bytes)
    this.#known += bytes.length
    return ''
  }

  #forget(): void {
    this.#known = 0
    this.#newest = new Map()
    this.#inode = undefined
  }
}

const NEWLINE = 0x0a
/** How a line of ours begins: an event's with id and number, a header with its mark and id. */
const LINE = /^\{(?:"type":"trace\.session","v":1,)?"sessionId":("(?:[^"\\]|\\.)*")(?:,"seq":(\d+))?/
const LONGEST_BEGINNING = 1 << 16

function headerOf(sessionId: SessionId, { parent }: Kin): string {
  const header = { type: 'trace.session', v: TRACE_VERSION, sessionId }
  return JSON.stringify(parent === undefined ? header : { ...header, parentId: parent })
}
