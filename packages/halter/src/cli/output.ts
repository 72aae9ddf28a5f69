import { styleText } from 'node:util'
import { printable } from './printable.ts'

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

  constructor(stdout: NodeJS.WriteStream = process.stdout, stderr: NodeJS.WriteStream = process.stderr) {
    this.#stdout = stdout
    this.#stderr = stderr
    stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
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
      this.#stdout.write(this.#stdout.isTTY ? paint(printable(text), style, this.#stdout) : text)
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
      if (this.#isMidLine && this.#stdout.isTTY && this.#stderr.isTTY) this.data('\n')
      this.#stderr.write(`${paint(printable(text), style, this.#stderr)}\n`)
    })
  }

  /** A warning or failure, to stderr. */
  complain(text: string): void {
    this.talk(`halter: ${text}`)
  }

  /** Keeps everything back while somebody is asked something, so that the question stays readable. */
  async whileAsking<T>(ask: (write: (text: string) => void) => Promise<T>): Promise<T> {
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

  #whenFree(write: () => void): void {
    if (this.#held) this.#held.push(write)
    else write()
  }
}

/** Styled for a stream that is a terminal and wants colours (`NO_COLOR` is honoured); plain for any other. */
function paint(text: string, style: Style | undefined, stream: NodeJS.WriteStream): string {
  return style === undefined || !stream.isTTY ? text : styleText(style, text, { stream })
}
