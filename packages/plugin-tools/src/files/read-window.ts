import type { FileHandle } from 'node:fs/promises'
import { failure } from '../failure.ts'
import { cutText, formatBytes, numberLine } from '../text.ts'

/** Which lines of a file to show. */
export interface WindowRequest {
  /** Bytes of the file. */
  readonly size: number
  /** First line, from 1. */
  readonly offset: number
  /** Number of lines. */
  readonly limit: number
  /** Bytes of text that may be shown. */
  readonly maxBytes: number
  /** For messages. */
  readonly path: string
  readonly signal: AbortSignal
}

const CHUNK_BYTES = 256 * 1024
/** UTF-16 units of one line that are shown. */
const MAX_LINE = 2000
// Four bytes are the most that two units take.
const MAX_LINE_BYTES = MAX_LINE * 4
/** What follows the window is only counted, and of huge files not even that. */
const MAX_COUNTED_BYTES = 256 * 1024 * 1024

/**
 * Lines of a file with their numbers. Reads in pieces: memory does not grow with the file. What is not shown is said at the
 * end, with the offset to go on from.
 * @throws HalterError `ERR_TOOL_FAILED` when the file has fewer lines than `offset`.
 */
export async function readWindow(handle: FileHandle, request: WindowRequest): Promise<string> {
  const window = new LineWindow(request)
  const chunk = Buffer.alloc(CHUNK_BYTES)
  let position = 0
  for (;;) {
    request.signal.throwIfAborted()
    if (window.isFull && position > MAX_COUNTED_BYTES) return window.text(undefined)
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, position)
    if (bytesRead === 0) return window.text(window.end())
    window.push(chunk.subarray(0, bytesRead))
    position += bytesRead
  }
}

class LineWindow {
  isFull = false
  readonly #request: WindowRequest
  readonly #shown: string[] = []
  #bytes = 0
  /** The line that the next byte belongs to. */
  #line = 1
  #lineBytes = 0
  #kept: Buffer[] = []
  #keptBytes = 0

  constructor(request: WindowRequest) {
    this.#request = request
  }

  push(chunk: Buffer): void {
    let from = 0
    for (;;) {
      const end = chunk.indexOf(10, from)
      this.#add(chunk.subarray(from, end === -1 ? chunk.length : end))
      if (end === -1) return
      this.#finishLine()
      from = end + 1
    }
  }

  /** The number of lines of the file, now that it has been read to its end. */
  end(): number {
    if (this.#lineBytes > 0) this.#finishLine()
    return this.#line - 1
  }

  text(total: number | undefined): string {
    const { offset, path } = this.#request
    if (this.#shown.length === 0)
      throw failure(
        `${path} has ${total ?? 'fewer'} lines; offset ${offset} is past its end. Use a smaller offset.`,
      )
    const last = offset + this.#shown.length - 1
    const lines = this.#shown.join('\n')
    if (last === total)
      return offset === 1 ? lines : `${lines}\n[Lines ${offset}-${last} of ${total}: the end of the file.]`
    const of = total === undefined ? `; the file has ${formatBytes(this.#request.size)}` : ` of ${total}`
    return `${lines}\n[Lines ${offset}-${last}${of}. Read on with offset ${last + 1}.]`
  }

  get #isWanted(): boolean {
    return !this.isFull && this.#line >= this.#request.offset
  }

  #add(bytes: Buffer): void {
    this.#lineBytes += bytes.length
    if (!this.#isWanted || this.#keptBytes >= MAX_LINE_BYTES) return
    // Copied: the chunk is used again.
    const kept = Buffer.from(bytes.subarray(0, MAX_LINE_BYTES - this.#keptBytes))
    this.#kept.push(kept)
    this.#keptBytes += kept.length
  }

  #finishLine(): void {
    if (this.#isWanted) this.#show()
    this.#line++
    this.#lineBytes = 0
    this.#kept = []
    this.#keptBytes = 0
  }

  #show(): void {
    const whole = Buffer.concat(this.#kept).toString('utf8').replace(/\r$/, '')
    const isCut = whole.length > MAX_LINE || this.#lineBytes > this.#keptBytes
    const line = isCut
      ? `${cutText(whole, MAX_LINE)} [cut here: the line has ${formatBytes(this.#lineBytes)}]`
      : whole
    const numbered = numberLine(line, this.#line)
    this.#bytes += Buffer.byteLength(numbered) + 1
    // One line is always shown, or nobody could ever read on.
    if (this.#bytes > this.#request.maxBytes && this.#shown.length > 0) this.isFull = true
    else this.#shown.push(numbered)
    if (this.#shown.length >= this.#request.limit) this.isFull = true
  }
}
