/** Bytes around a cut in which a line end is looked for, so that whole lines stay. */
const LINE_SEARCH = 512

/** Keeps the beginning and the end of any number of bytes, in memory bounded by `maxBytes`. */
export class CommandOutput {
  readonly #maxHead: number
  readonly #maxTail: number
  readonly #head: Buffer[] = []
  #headBytes = 0
  #tail: Buffer[] = []
  #tailBytes = 0
  #total = 0

  constructor(maxBytes: number) {
    this.#maxHead = Math.ceil(maxBytes / 2)
    this.#maxTail = Math.floor(maxBytes / 2)
  }

  push(bytes: Buffer): void {
    this.#total += bytes.length
    const toHead = bytes.subarray(0, Math.max(0, this.#maxHead - this.#headBytes))
    if (toHead.length > 0) {
      this.#head.push(toHead)
      this.#headBytes += toHead.length
    }
    const rest = bytes.subarray(toHead.length)
    if (rest.length === 0) return
    this.#tail.push(rest)
    this.#tailBytes += rest.length
    if (this.#tailBytes > this.#maxTail * 2) this.#trimTail()
  }

  /** Bytes that were pushed, kept or not. */
  get total(): number {
    return this.#total
  }

  /** Whether something is left out of `text`. */
  get isCut(): boolean {
    return this.#total > this.#maxHead + this.#maxTail
  }

  /** All of it, or beginning and end with a line between them that says how many bytes are missing. */
  text(): string {
    const head = Buffer.concat(this.#head)
    const tail = Buffer.concat(this.#tail)
    if (!this.isCut) return Buffer.concat([head, tail]).toString('utf8')
    const begin = head.subarray(0, endOfWhole(head))
    const end = tail.subarray(startOfWhole(tail, tail.length - this.#maxTail))
    const dropped = this.#total - begin.length - end.length
    return `${begin.toString('utf8').trimEnd()}\n[${dropped} of ${this.#total} bytes left out here]\n${end.toString('utf8')}`
  }

  #trimTail(): void {
    const tail = Buffer.concat(this.#tail)
    // Copied: a piece of a buffer keeps all of it in memory.
    const kept = Buffer.from(tail.subarray(tail.length - this.#maxTail))
    this.#tail = [kept]
    this.#tailBytes = kept.length
  }
}

/** Where to end so that the last line, or at least the last character, is whole. */
function endOfWhole(bytes: Buffer): number {
  const line = bytes.lastIndexOf(10)
  return line >= bytes.length - LINE_SEARCH && line !== -1 ? line + 1 : completeLength(bytes)
}

/** Where to begin, from `from` on, so that the first line, or at least the first character, is whole. */
function startOfWhole(bytes: Buffer, from: number): number {
  const line = bytes.indexOf(10, from)
  if (line !== -1 && line < from + LINE_SEARCH) return line + 1
  let start = from
  while (start < bytes.length && isContinuation(bytes[start]!)) start++
  return start
}

/** How many bytes from the start are whole UTF-8 characters: at most three at the end may be the beginning of one. */
export function completeLength(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!
    if (isContinuation(byte)) continue
    return sequenceLength(byte) > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}

function sequenceLength(lead: number): number {
  if (lead >= 0xf0 && lead < 0xf8) return 4
  if (lead >= 0xe0) return lead < 0xf0 ? 3 : 1
  return lead >= 0xc0 ? 2 : 1
}
