import type { WriteStream } from 'node:tty'
import { cutToWidth, textWidth } from '../text-width.ts'

/** The part of the screen that changes: below everything that stays. */
export interface LivePart {
  /** Each at most as wide as the terminal, without a newline. */
  readonly rows: readonly string[]
  /** Where the cursor stands: an index of `rows`, and columns before it. */
  readonly row: number
  readonly column: number
}

/** Milliseconds between two frames: what comes faster is drawn together. */
const FRAME_MS = 16

const ESC = '\u001B['
/** Terminals that know it show a frame at once; others ignore it. */
const [BEGIN_FRAME, END_FRAME] = [`${ESC}?2026h`, `${ESC}?2026l`]

/**
 * A terminal whose output stays where it was written and can be scrolled back to, with a live part below that is drawn anew. Rows that
 * were printed are never touched again.
 */
export class Screen {
  readonly #stream: WriteStream
  readonly #write: (text: string) => boolean
  readonly #live: () => LivePart
  #printed: string[] = []
  #drawn: LivePart = EMPTY
  #drawnWidth: number
  #timer: NodeJS.Timeout | undefined
  #lastFrame = 0
  #isOpen = false
  #waitsForDrain = false

  /** `live` is asked for the live part at each frame. */
  constructor(stream: WriteStream, live: () => LivePart) {
    this.#stream = stream
    // Kept: while the screen is open, what others write to the stream is caught.
    const { write } = stream
    this.#write = (text) => write.call(stream, text)
    this.#live = live
    this.#drawnWidth = this.width
  }

  get width(): number {
    return Math.max(this.#stream.columns || 80, 10)
  }

  get height(): number {
    return Math.max(this.#stream.rows || 24, 4)
  }

  /** Pasted text is told from typed text from now on. */
  open(): void {
    this.#isOpen = true
    this.#write(`${ESC}?2004h`)
    this.changed()
  }

  /** Whole rows, with their ends, that stay above the live part. They are safe: nothing in them moves the cursor. */
  print(rows: string): void {
    if (rows === '') return
    this.#printed.push(rows)
    this.changed()
  }

  /** The live part may look different: it is drawn soon. */
  changed(): void {
    if (!this.#isOpen || this.#timer !== undefined || this.#waitsForDrain) return
    const wait = Math.max(0, FRAME_MS - (performance.now() - this.#lastFrame))
    this.#timer = setTimeout(() => this.#draw(), wait)
  }

  /** Takes the live part away and leaves the cursor below what was printed. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#write(`${this.#clear()}${this.#takePrinted()}${ESC}?2004l`)
    this.#drawn = EMPTY
  }

  #draw(): void {
    this.#timer = undefined
    this.#lastFrame = performance.now()
    const clear = this.#clear()
    const printed = this.#takePrinted()
    const live = this.#fit(this.#live())
    const up = live.rows.length - 1 - live.row
    const place = `\r${up > 0 ? `${ESC}${up}A` : ''}${live.column > 0 ? `${ESC}${live.column}C` : ''}`
    const isOut = this.#write(`${BEGIN_FRAME}${clear}${printed}${live.rows.join('\n')}${place}${END_FRAME}`)
    this.#drawn = live
    this.#drawnWidth = this.width
    if (isOut) return
    // A slow terminal gets whole frames, fewer of them.
    this.#waitsForDrain = true
    this.#stream.once('drain', () => {
      this.#waitsForDrain = false
      this.changed()
    })
  }

  /** Goes back to where the live part began, and empties everything from there. */
  #clear(): string {
    const { width } = this
    // Made narrower, a terminal breaks rows that it shows; made wider, it joins nothing that we have ended.
    const rowsOf = (row: string): number =>
      width >= this.#drawnWidth ? 1 : Math.max(1, Math.ceil(visibleWidth(row) / width))
    const above = this.#drawn.rows.slice(0, this.#drawn.row).reduce((sum, row) => sum + rowsOf(row), 0)
    const within = width >= this.#drawnWidth ? 0 : Math.floor(this.#drawn.column / width)
    const up = above + within
    return `\r${up > 0 ? `${ESC}${up}A` : ''}${ESC}J`
  }

  #takePrinted(): string {
    const printed = this.#printed.join('')
    this.#printed = []
    return printed
  }

  /** As much as there is room for, the end of it: what scrolls out could not be drawn anew. */
  #fit({ rows, row, column }: LivePart): LivePart {
    const hidden = Math.max(0, rows.length - (this.height - 1))
    const fitting = (each: string): string =>
      visibleWidth(each) > this.width ? cutToWidth(each.replaceAll(LOOKS, ''), this.width) : each
    return {
      rows: rows.slice(hidden).map(fitting),
      row: Math.max(0, row - hidden),
      column: Math.min(column, this.width - 1),
    }
  }
}

const EMPTY: LivePart = { rows: [''], row: 0, column: 0 }

// oxlint-disable-next-line no-control-regex -- looks are escape sequences
const LOOKS = /\u001B\[[\d;]*m/g

/** Columns of a row. */
function visibleWidth(row: string): number {
  return textWidth(row.replaceAll(LOOKS, ''))
}
