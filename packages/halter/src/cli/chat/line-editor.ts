import { graphemes } from '../text-width.ts'

/** So many UTF-16 units before a place are enough to tell where the letter before it begins. */
const NEAR = 64

/**
 * A text that somebody edits, of any number of lines, and the place where they write. Knows no terminal. Places are UTF-16 units, and
 * always between two letters.
 */
export class LineEditor {
  #text = ''
  #cursor = 0

  get text(): string {
    return this.#text
  }

  get cursor(): number {
    return this.#cursor
  }

  /** Replaces everything; the place is its end. */
  set(text: string): void {
    this.#text = text
    this.#cursor = text.length
  }

  /** Takes everything out, and gives it. */
  take(): string {
    const text = this.#text
    this.set('')
    return text
  }

  insert(text: string): void {
    this.#replace(this.#cursor, this.#cursor, text)
  }

  /** Takes out what is between here and there. */
  delete(to: Place): void {
    const there = this.#find(to)
    this.#replace(Math.min(there, this.#cursor), Math.max(there, this.#cursor), '')
  }

  move(to: Place): void {
    this.#cursor = this.#find(to)
  }

  /** One line up or down, to the same column; false where there is none. */
  moveLine(direction: 'up' | 'down'): boolean {
    const begin = this.#find('line start')
    const column = this.#cursor - begin
    if (direction === 'up') {
      if (begin === 0) return false
      this.#cursor = begin - 1
      this.#cursor = this.#between(Math.min(this.#find('line start') + column, begin - 1))
      return true
    }
    const end = this.#find('line end')
    if (end === this.#text.length) return false
    this.#cursor = end + 1
    this.#cursor = this.#between(Math.min(end + 1 + column, this.#find('line end')))
    return true
  }

  #replace(from: number, to: number, text: string): void {
    this.#text = this.#text.slice(0, from) + text + this.#text.slice(to)
    this.#cursor = from + text.length
  }

  #find(place: Place): number {
    const text = this.#text
    const at = this.#cursor
    switch (place) {
      case 'left':
        return this.#letterBefore(at)
      case 'right':
        return this.#letterAfter(at)
      case 'word left':
        return at - /(?:[^\s]*\s*)?$/.exec(text.slice(Math.max(0, at - 4096), at))![0].length
      case 'word right':
        return at + /^\s*[^\s]*/.exec(text.slice(at, at + 4096))![0].length
      case 'line start':
        return lineStart(text, at)
      case 'line end': {
        const end = text.indexOf('\n', at)
        return end === -1 ? text.length : end
      }
    }
  }

  #letterBefore(at: number): number {
    const from = Math.max(0, at - NEAR)
    let last = from
    for (const { index } of graphemes(this.#text.slice(from, at))) last = from + index
    return at === 0 ? 0 : last
  }

  #letterAfter(at: number): number {
    for (const { segment } of graphemes(this.#text.slice(at, at + NEAR))) return at + segment.length
    return at
  }

  /** The nearest place before `at` that is between two letters. */
  #between(at: number): number {
    const line = lineStart(this.#text, at)
    const from = Math.max(line, at - NEAR)
    let last = from
    for (const { segment, index } of graphemes(this.#text.slice(from, at + NEAR))) {
      if (from + index + segment.length > at) break
      last = from + index + segment.length
    }
    return last
  }
}

function lineStart(text: string, at: number): number {
  return at === 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1 // a place before the text would be taken for its first one
}

/** Where to go, from where one is. */
export type Place = 'left' | 'right' | 'word left' | 'word right' | 'line start' | 'line end'
