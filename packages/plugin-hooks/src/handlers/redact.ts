/** Shorter values are words that stand everywhere. */
const SHORTEST = 6

/** Takes values that nobody should read in a log out of a text. */
export function redact(text: string, secrets: Iterable<string>): string {
  let clean = text
  for (const secret of secrets) if (secret.length >= SHORTEST) clean = clean.replaceAll(secret, '[redacted]')
  return clean
}
