import type { Logger } from '@halter/core'

/** Least to most important. */
const LEVELS = ['debug', 'info', 'warn', 'error'] as const

/** What a line is about. */
type Level = (typeof LEVELS)[number]

/** Settings of a logger. */
export interface LoggerOptions {
  /** The least important level that is written; `silent`: none. */
  readonly level: Level | 'silent'
  /** `text` for people, `json` for programs: one object per line. */
  readonly format: 'text' | 'json'
  /** Takes whole lines. */
  readonly write: (line: string) => void
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

type Fields = Readonly<Record<string, unknown>>

/** Slot `logger`. A line shows every control character escaped, so that no logged text can steer a terminal. Never throws. */
export function createLogger(options: LoggerOptions): Logger {
  return loggerWith(options, {})
}

function loggerWith(options: LoggerOptions, context: Fields): Logger {
  const { level, format, write, now } = options
  const first = level === 'silent' ? LEVELS.length : LEVELS.indexOf(level)
  const render = format === 'json' ? jsonLine : textLine
  const at = (own: Level) =>
    LEVELS.indexOf(own) < first
      ? () => {}
      : (message: string, fields?: Fields) =>
          write(`${escapeControls(render(now(), own, message, { ...context, ...fields }))}\n`)
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => loggerWith(options, { ...context, ...fields }),
  }
}

/** The three own names win over fields of the same name, and come first. */
function jsonLine(time: number, level: Level, message: string, fields: Fields): string {
  const own = { time: new Date(time).toISOString(), level, message }
  const line = { ...own, ...fields, ...own }
  try {
    return JSON.stringify(line)
  } catch {
    const members = Object.entries(line).map(([name, value]) => `${JSON.stringify(name)}:${toJson(value)}`)
    return `{${members.join(',')}}`
  }
}

function textLine(time: number, level: Level, message: string, fields: Fields): string {
  const pairs = Object.entries(fields).map(
    ([name, value]) =>
      ` ${name}=${typeof value === 'string' && /^[\w./:@-]+$/.test(value) ? value : toJson(value)}`,
  )
  return `${new Date(time).toISOString().slice(11, 23)} ${level.padEnd(5)} ${message}${pairs.join('')}`
}

/** JSON of anything: a field that does not survive it costs its value, not the line. */
function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null'
  } catch (error) {
    return JSON.stringify(`[no JSON: ${String(error)}]`)
  }
}

/** C0 and C1 controls, and the marks that turn the direction of text; as `\uXXXX`, which is right in JSON as well. */
function escapeControls(line: string): string {
  // oxlint-disable-next-line no-control-regex
  return line.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
