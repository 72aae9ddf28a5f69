import { styleText } from 'node:util'
import { printable } from './printable.ts'
import { cutToWidth } from './text-width.ts'

type Style = Parameters<typeof styleText>[0]

/**
 * Where a command writes: data to stdout, talk to stderr. Everything that a model or a tool said goes through `printable`
 * before it reaches a terminal; data for a file or a pipe is left as it is.
 */
export class Output {
  readonly #stdout: NodeJS.WriteStream
  readonly #stderr: NodeJS.WriteStream
  readonly #gone = new AbortController()
  #isMidLine = false
  #held: (() => void)[] | undefined
  #hasStatus = false

  constructor(stdout: NodeJS.WriteStream = process.stdout, stderr: NodeJS.WriteStream = process.stderr) {
    this.#stdout = stdout
    this.#stderr = stderr
    stdout.on('error', (error: NodeJS.ErrnoException) => {
      // EIO: a terminal that was closed.
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error
      this.#gone.abort()
    })
    stderr.on('error', () => {}) // nobody is left to tell
  }

  /** Aborted when the reader of stdout has gone, as `head` does: there is no reason to go on. */
  get readerGone(): AbortSignal {
    return this.#gone.signal
  }

  /** Columns of the terminal, 80 where it does not tell; undefined where there is none. */
  get width(): number | undefined {
    return this.#stdout.isTTY ? this.#stdout.columns || 80 : undefined
  }

  /** Text for stdout, as it is. A style ends where the text ends, so give it whole lines without their end. */
  data(text: string, style?: Style): void {
    this.#whenFree(() => {
      if (text === '' || this.#gone.signal.aborted) return
      this.#clearStatus()
      this.#stdout.write(paint(this.#stdout.isTTY ? printable(text) : text, style, this.#stdout))
      this.#isMidLine = !text.endsWith('\n')
    })
  }

  /** Ends a line of data that was begun. */
  endLine(): void {
    this.#whenFree(() => {
      if (this.#isMidLine) this.data('\n')
    })
  }

  /** One value as a line of JSON. */
  json(value: unknown): void {
    this.data(`${JSON.stringify(value)}\n`)
  }

  /** Lines for a person, to stderr. They never land in the middle of a line of data on the same terminal. */
  talk(text: string, style?: Style): void {
    this.#whenFree(() => {
      this.#clearStatus()
      if (this.#isMidLine && this.#stdout.isTTY && this.#stderr.isTTY) this.data('\n')
      this.#stderr.write(`${paint(printable(text), style, this.#stderr)}\n`)
    })
  }

  /** A warning or failure, to stderr. */
  complain(text: string): void {
    this.talk(`halter: ${text}`)
  }

  /** True where `status` shows something: stderr is a terminal that can take a line back. */
  get canShowStatus(): boolean {
    return this.#stderr.isTTY && process.env['TERM'] !== 'dumb'
  }

  /** A line about what is going on, on a terminal only, until something else is written. Never in the middle of a line of data. */
  status(text: string): void {
    if (!this.canShowStatus || this.#held || (this.#isMidLine && this.#stdout.isTTY)) return
    const line = cutToWidth(printable(text), (this.#stderr.columns || 80) - 1)
    this.#stderr.write(`\r${paint(line, 'dim', this.#stderr)}\u001B[K`)
    this.#hasStatus = true
  }

  /** Takes the status back. */
  clearStatus(): void {
    this.#whenFree(() => this.#clearStatus())
  }

  /** Keeps everything back while somebody is asked something, so that the question stays readable. */
  async whileAsking<T>(ask: (write: (text: string) => void) => Promise<T>): Promise<T> {
    this.#clearStatus()
    if (this.#isMidLine && this.#stdout.isTTY) this.data('\n')
    this.#held = []
    try {
      return await ask((text) => void this.#stderr.write(printable(text)))
    } finally {
      const held = this.#held
      this.#held = undefined
      for (const write of held) write()
    }
  }

  /** Resolves when everything written has been handed over. */
  async flush(): Promise<void> {
    for (const stream of [this.#stdout, this.#stderr])
      if (!stream.destroyed && stream.writable)
        await new Promise<void>((resolve) => stream.write('', () => resolve()))
  }

  #clearStatus(): void {
    if (this.#hasStatus) this.#stderr.write('\r\u001B[K')
    this.#hasStatus = false
  }

  #whenFree(write: () => void): void {
    if (this.#held) this.#held.push(write)
    else write()
  }
}

/** Styled for a stream that wants colours: a terminal without `NO_COLOR`, or any with `FORCE_COLOR`; plain for any other. */
function paint(text: string, style: Style | undefined, stream: NodeJS.WriteStream): string {
  if (style === undefined || !hasColours(stream)) return text
  return styleText(style, text, { validateStream: false })
}

/** `FORCE_COLOR` is asked first, then `NO_COLOR`, then the stream. */
export function hasColours(stream: NodeJS.WriteStream): boolean {
  const { FORCE_COLOR, NO_COLOR } = process.env
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  if (NO_COLOR) return false
  return stream.isTTY && (stream.getColorDepth?.() ?? 4) > 1
}
