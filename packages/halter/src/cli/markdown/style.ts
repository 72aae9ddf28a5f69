/** Looks that text can have together, one bit each. */
export const STRONG = 1
export const EMPHASIS = 2
export const CODE = 4
export const STRUCK = 8
export const LINK = 16
export const DIM = 32

/** Any of the looks, or-ed; 0: plain. */
export type Style = number

/** A piece of text with one look. It is safe on a terminal: nothing in it is a control character. */
export interface Run {
  readonly text: string
  readonly style: Style
}

const CODES = [
  [STRONG, '1'],
  [EMPHASIS, '3'],
  [CODE, '36'],
  [STRUCK, '9'],
  [LINK, '4'],
  [DIM, '2'],
] as const

/** The text with the escape sequences of its look around it. */
export function paintRun({ text, style }: Run): string {
  if (style === 0 || text === '') return text
  const codes = CODES.filter(([bit]) => (style & bit) !== 0).map(([, code]) => code)
  return `\u001B[${codes.join(';')}m${text}\u001B[0m`
}
