import { setTimeout as sleep } from 'node:timers/promises'
import { styleText } from 'node:util'
import { wrapText } from '../markdown/row-writer.ts'
import { hasColours } from '../output.ts'
import { printable } from '../printable.ts'
import { cutToWidth } from '../text-width.ts'
import { catchWrites } from './caught-writes.ts'
import { edit } from './editing.ts'
import { editorRows } from './editor-rows.ts'
import { History } from './history.ts'
import { readKeys, type KeyPress } from './keys.ts'
import { LineEditor } from './line-editor.ts'
import { Screen, type LivePart } from './screen.ts'
import type { Look } from './turn-view.ts'

/** Milliseconds between two pictures of what moves by itself. */
const TICK_MS = 120
/** Milliseconds without a key after which somebody is not typing any more. */
const PAUSE_MS = 700
/** Rows of the text that is being written. */
const EDITOR_ROWS = 10

/** What happens at the terminal, and what is shown above the line that is written. */
export interface TerminalListener {
  /** Rows that still change, from top to bottom. */
  liveRows(): readonly string[]
  /** True while something moves by itself. */
  isBusy(): boolean
  /** A line was sent. */
  onLine(text: string): void
  onKey(name: 'ctrl-c' | 'ctrl-d'): void
  /** What is typed meanwhile waits for it. */
  onTab(): void | Promise<void>
  /** The terminal has another size. */
  onResize(): void
}

/** A question: what was being written comes back after it. */
interface Question {
  readonly choices: string
  readonly answer: (line: string | undefined) => void
}

/** A keyboard and a screen: a line that is written at the bottom, what stays above it. */
export class Terminal {
  readonly editor = new LineEditor()
  readonly hasColours: boolean
  readonly #stdin: NodeJS.ReadStream
  readonly #stdout: NodeJS.WriteStream
  readonly #listener: TerminalListener
  readonly #screen: Screen
  readonly #history = new History()
  #question: Question | undefined
  #asked: Promise<void> = Promise.resolve()
  #typedAhead: KeyPress[] | undefined
  #lastKey = 0
  #stop: (() => void)[] = []
  #ticks: NodeJS.Timeout | undefined

  constructor(stdin: NodeJS.ReadStream, stdout: NodeJS.WriteStream, listener: TerminalListener) {
    this.#stdin = stdin
    this.#stdout = stdout
    this.#listener = listener
    this.hasColours = hasColours(stdout)
    this.#screen = new Screen(stdout, () => this.#live())
  }

  get width(): number {
    return this.#screen.width
  }

  get isAsking(): boolean {
    return this.#question !== undefined
  }

  open(): void {
    const { stderr } = process
    const streams = stderr.isTTY ? [this.#stdout, stderr] : [this.#stdout]
    this.#stop.push(catchWrites(streams, (lines) => this.#screen.print(lines)))
    this.#stop.push(readKeys(this.#stdin, (press) => this.#press(press)))
    const onResize = (): void => {
      this.#listener.onResize()
      this.#screen.changed()
    }
    this.#stdout.on('resize', onResize)
    this.#stop.push(() => this.#stdout.off('resize', onResize))
    this.#screen.open()
  }

  /** Gives the terminal back as it was. */
  close(): void {
    clearInterval(this.#ticks)
    this.#ticks = undefined
    this.#screen.close()
    for (const stop of this.#stop.splice(0).reverse()) stop()
  }

  /** Whole rows that stay; they are safe. */
  print(rows: string): void {
    this.#screen.print(rows)
  }

  /** A few words about things; nothing in them is obeyed. */
  note(text: string, look: Look = 'dim'): void {
    const rows = printable(text)
      .split('\n')
      .flatMap((line) => wrapText(line, this.width - 1))
    this.show(rows.join('\n'), look)
  }

  /** Lines as they are, but for what a terminal would obey: where one is too long, the terminal breaks it. */
  show(text: string, look: Look): void {
    for (const line of printable(text).split('\n')) this.print(`${this.paint(line, look)}\n`)
  }

  paint(text: string, look: Look | readonly Look[]): string {
    return this.hasColours ? styleText(look as Look, text, { validateStream: false }) : text
  }

  /** Something looks different. */
  changed(): void {
    this.#screen.changed()
    if (this.#listener.isBusy()) this.#ticks ??= setInterval(() => this.#screen.changed(), TICK_MS).unref()
    else {
      clearInterval(this.#ticks)
      this.#ticks = undefined
    }
  }

  /** Asks for a line in the place of what is being written, one question at a time. Undefined: it was taken back. */
  async ask(choices: string, signal: AbortSignal): Promise<string | undefined> {
    const before = this.#asked
    const over = Promise.withResolvers<void>()
    this.#asked = over.promise
    try {
      await before
      return await this.#askNow(choices, signal)
    } finally {
      over.resolve()
    }
  }

  async #askNow(choices: string, signal: AbortSignal): Promise<string | undefined> {
    // In the middle of a word, its rest would be taken for an answer.
    while (!signal.aborted && this.editor.text !== '' && performance.now() - this.#lastKey < PAUSE_MS)
      await sleep(TICK_MS)
    if (signal.aborted) return undefined
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    const onAbort = (): void => resolve(undefined)
    signal.addEventListener('abort', onAbort, { once: true })
    const draft = this.editor.take()
    this.#question = { choices, answer: resolve }
    this.changed()
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.editor.set(draft)
      this.#question = undefined
      this.changed()
    }
  }

  #press(press: KeyPress): void {
    this.#lastKey = performance.now()
    if (this.#typedAhead) this.#typedAhead.push(press)
    else this.#act(press)
  }

  #act(press: KeyPress): void {
    const name = press.kind === 'key' ? press.name : undefined
    if (name === 'enter') this.#enter()
    else if (name === 'ctrl-z') this.#suspend()
    else if (name === 'ctrl-c') this.#listener.onKey('ctrl-c')
    else if (name === 'ctrl-d' && this.editor.text === '') this.#listener.onKey('ctrl-d')
    else if (name === 'tab') this.#tab()
    else edit(this.editor, press, this.#question ? undefined : this.#history)
    this.changed()
  }

  #tab(): void {
    if (this.#question) return
    const done = this.#listener.onTab()
    if (!done) return
    this.#typedAhead = []
    void done.finally(() => {
      const presses = this.#typedAhead ?? []
      this.#typedAhead = undefined
      for (const press of presses) this.#press(press)
    })
  }

  #enter(): void {
    const { text, cursor } = this.editor
    if (text.endsWith('\\') && cursor === text.length && !this.#question) {
      this.editor.delete('left')
      return this.editor.insert('\n')
    }
    const line = this.editor.take()
    if (this.#question) return this.#question.answer(line)
    this.#history.add(line)
    this.#listener.onLine(line)
  }

  /** As a shell's job: the terminal is given back while it sleeps. */
  #suspend(): void {
    this.close()
    const goOn = (): void => {
      clearTimeout(timer)
      process.off('SIGCONT', goOn)
      this.open()
    }
    process.once('SIGCONT', goOn)
    // Where no shell could wake it, as in a container, the system lets no process sleep. It also keeps this one from ending.
    const timer = setTimeout(goOn, 200)
    process.kill(process.pid, 'SIGTSTP')
  }

  #live(): LivePart {
    const { width, height } = this.#screen
    const above = this.#listener.liveRows()
    const choices = this.#question && cutToWidth(this.#question.choices, width - 1)
    const room = { width, height: Math.min(EDITOR_ROWS, height - 2) }
    const editor = editorRows(this.editor, '› ', room)
    const rows = [...above, ...(choices === undefined ? [] : [this.paint(choices, 'yellow')])]
    return { rows: [...rows, ...editor.rows], row: rows.length + editor.row, column: editor.column }
  }
}
