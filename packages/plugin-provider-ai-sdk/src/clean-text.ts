/** Text as every model API takes it: halves of surrogate pairs become U+FFFD, and NUL goes. Both are refused with 400. */
export function cleanText(text: string): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed()
  return whole.includes('\0') ? whole.replaceAll('\0', '') : whole
}

/** The same of every text and key in a JSON value. What is clean already is not copied. */
export function cleanJson<T>(value: T): T {
  return cleanValue(value) as T
}

function cleanValue(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value)
  if (Array.isArray(value)) {
    const cleaned = value.map(cleanValue)
    return cleaned.some((each, index) => each !== value[index]) ? cleaned : value
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  const cleaned = entries.map(([key, each]) => [cleanText(key), cleanValue(each)] as const)
  const isClean = cleaned.every(
    ([key, each], index) => key === entries[index]![0] && each === entries[index]![1],
  )
  return isClean ? value : Object.fromEntries(cleaned)
}
