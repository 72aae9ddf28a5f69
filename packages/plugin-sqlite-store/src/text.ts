/** Any string as text that SQLite keeps, compares and searches faithfully; equal only for equal strings. */
export function escapeText(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

/** The string that {@link escapeText} was given. */
export function unescapeText(text: string): string {
  return JSON.parse(`"${text}"`) as string
}
