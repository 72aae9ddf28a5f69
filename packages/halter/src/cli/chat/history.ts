import { appendFileSync, chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { halterHome } from '@halter/core'

/** So many inputs are remembered. */
const KEPT = 1_000
/** A longer input can be sent, and is not remembered. UTF-16 units. */
const MAX_INPUT = 100_000

/**
 * What was written before, the oldest first, over all chats: `chat-history.jsonl` in halter's own folder, which only its owner can read.
 * Several processes may add to it. What cannot be written is forgotten: a history is a convenience.
 */
export class History {
  readonly #file: string
  readonly #inputs: string[]
  /** Which one is shown; the length: none. */
  #at: number
  #draft = ''

  constructor(home: string = halterHome()) {
    this.#file = join(home, 'chat-history.jsonl')
    const lines = readLines(this.#file)
    this.#inputs = lines.slice(-KEPT)
    if (lines.length > 2 * KEPT) this.#shorten()
    this.#at = this.#inputs.length
  }

  /** Remembers an input; the same one twice in a row is one. */
  add(input: string): void {
    if (input.trim() !== '' && input !== this.#inputs.at(-1) && input.length <= MAX_INPUT) {
      this.#inputs.push(input)
      this.#write(() => appendFileSync(this.#file, `${JSON.stringify(input)}\n`, { mode: 0o600 }))
    }
    this.#at = this.#inputs.length
  }

  /** The one before the one that is shown, or after it; `draft` is what is being written, and comes back. Undefined: there is none. */
  step(direction: 'older' | 'newer', draft: string): string | undefined {
    const next = this.#at + (direction === 'older' ? -1 : 1)
    if (next < 0 || next > this.#inputs.length) return undefined
    if (this.#at === this.#inputs.length) this.#draft = draft
    this.#at = next
    return this.#inputs[next] ?? this.#draft
  }

  #shorten(): void {
    this.#write(() => {
      const next = `${this.#file}.${process.pid}`
      writeFileSync(next, this.#inputs.map((input) => `${JSON.stringify(input)}\n`).join(''), { mode: 0o600 })
      renameSync(next, this.#file)
    })
  }

  #write(write: () => void): void {
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 })
      write()
      chmodSync(this.#file, 0o600) // one that was there may have been open to others
    } catch {
      // remembered until this process ends
    }
  }
}

function readLines(file: string): string[] {
  let text
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return []
  }
  const inputs: string[] = []
  for (const line of text.split('\n')) {
    const input = parse(line)
    if (typeof input === 'string') inputs.push(input)
  }
  return inputs
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined // half a line of a process that was killed
  }
}
