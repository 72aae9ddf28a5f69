/**
 * The beginning and the end of a text, a third and the rest of `maxLength` characters; no character is halved. `note` says what
 * was left out.
 */
export function withoutMiddle(
  text: string,
  maxLength: number,
  note = (left: number) => `[… ${left} characters left out …]`,
): string {
  if (text.length <= maxLength) return text
  let head = Math.floor(maxLength / 3)
  let tail = text.length - (maxLength - head)
  if (isHighSurrogate(text.charCodeAt(head - 1))) head -= 1
  if (isHighSurrogate(text.charCodeAt(tail - 1))) tail += 1
  return `${text.slice(0, head)}\n${note(tail - head)}\n${text.slice(tail)}`
}

/** The first `maxLength` characters of a text, its end marked where it was cut. */
export function beginningOf(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  const end = isHighSurrogate(text.charCodeAt(maxLength - 2)) ? maxLength - 2 : maxLength - 1
  return `${text.slice(0, Math.max(0, end))}…`
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}
