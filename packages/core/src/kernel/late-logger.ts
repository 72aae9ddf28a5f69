import type { Logger } from '../contracts/system.ts'

type Level = 'debug' | 'info' | 'warn' | 'error'
type Fields = Readonly<Record<string, unknown>>
/** A line that nobody has written yet. */
export interface LogLine {
  readonly level: Level
  readonly message: string
  readonly fields: Fields | undefined
}

const KEPT_LINES = 1_000

/** The logger of one plugin: keeps its lines until the `logger` slot is filled, then hands on to that. */
export class LateLogger implements Logger {
  #target: Logger | undefined
  #lines: LogLine[] = []

  /** From now on lines go to `target`; those that waited go first. */
  bind(target: Logger): void {
    this.#target = target
    for (const { level, message, fields } of this.takeLines()) target[level](message, fields)
  }

  /** What nobody has written, at most 1,000 lines. */
  takeLines(): LogLine[] {
    const lines = this.#lines
    this.#lines = []
    return lines
  }

  write(level: Level, message: string, fields: Fields | undefined): void {
    if (this.#target) this.#target[level](message, fields)
    else if (this.#lines.length < KEPT_LINES) this.#lines.push({ level, message, fields })
  }

  debug(message: string, fields?: Fields): void {
    this.write('debug', message, fields)
  }

  info(message: string, fields?: Fields): void {
    this.write('info', message, fields)
  }

  warn(message: string, fields?: Fields): void {
    this.write('warn', message, fields)
  }

  error(message: string, fields?: Fields): void {
    this.write('error', message, fields)
  }

  child(fields: Fields): Logger {
    return new ChildLogger(this, fields)
  }
}

/** Adds fields to every line. Goes through its plugin's logger, so it follows that one to a new slot. */
class ChildLogger implements Logger {
  readonly #root: LateLogger
  readonly #fields: Fields

  constructor(root: LateLogger, fields: Fields) {
    this.#root = root
    this.#fields = fields
  }

  debug(message: string, fields?: Fields): void {
    this.#root.write('debug', message, { ...this.#fields, ...fields })
  }

  info(message: string, fields?: Fields): void {
    this.#root.write('info', message, { ...this.#fields, ...fields })
  }

  warn(message: string, fields?: Fields): void {
    this.#root.write('warn', message, { ...this.#fields, ...fields })
  }

  error(message: string, fields?: Fields): void {
    this.#root.write('error', message, { ...this.#fields, ...fields })
  }

  child(fields: Fields): Logger {
    return new ChildLogger(this.#root, { ...this.#fields, ...fields })
  }
}
