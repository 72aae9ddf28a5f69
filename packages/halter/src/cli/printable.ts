/**
 * Control characters (C0 but tab and newline, DEL, C1) and the marks that turn or hide text (bidirectional overrides and
 * isolates, the zero-width joiners aside). What a model or a tool writes must not move the cursor, retitle the window,
 * fill the clipboard or show a command in another order than it runs.
 */
const UNPRINTABLE = /(?![\t\n])\p{Cc}|[\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/gu

/** Text that is safe on a terminal: each unprintable character as a visible sign. A piece of a stream can be given alone. */
export function printable(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0)!
    if (code < 0x20) return String.fromCodePoint(0x2400 + code)
    return code === 0x7f ? '\u2421' : `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`
  })
}

/** The same, in one line, of which a column is one column: tabs are spaces. */
export function printableLine(text: string): string {
  return printable(text.replace(/\s*\r?\n\s*/g, ' ⏎ ').replaceAll('\t', ' '))
}
