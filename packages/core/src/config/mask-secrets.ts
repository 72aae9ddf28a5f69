/** Names of keys whose value nobody else should read. */
const SECRET_NAME =
  /(?:api|access|auth|private|secret|signing|encryption|service)[-_]?key|secret|token|passw(?:or)?d|passphrase|credential|authorization|cookie|^(?:dsn|pass|pwd)$|connection[-_]?string/i
/** Names that only look like it: `maxOutputTokens`, `tokensPerMinute`, `tokenEstimator`. */
const HARMLESS_NAME = /tokens|estimat|^max/i
/** Keys as the large providers issue them, wherever they are written. */
const SECRET_TEXT =
  /\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bxox[abprs]-[\w-]{10,}|\bAKIA[0-9A-Z]{16}\b|\bAIza[\w-]{30,}|\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*/g
const MASK = '•••'

/**
 * A copy for people and logs: what sits under a name like `apiKey`, `token`, `password`, everything in `headers` and `env`,
 * passwords inside URLs, and texts that look like an issued key are masked. A guess on the safe side, not a proof.
 */
export function maskSecrets(value: unknown): unknown {
  return mask(value, new Map())
}

function mask(value: unknown, seen: Map<object, unknown>): unknown {
  if (typeof value === 'string') return maskText(value)
  if (typeof value !== 'object' || value === null) return value
  if (seen.has(value)) return seen.get(value)
  if (Array.isArray(value)) {
    const copy: unknown[] = []
    seen.set(value, copy)
    for (const item of value) copy.push(mask(item, seen))
    return copy
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return `[${value.constructor.name}]`
  const copy: Record<string, unknown> = {}
  seen.set(value, copy)
  for (const [name, inner] of Object.entries(value)) copy[name] = maskNamed(name, inner, seen)
  return copy
}

function maskNamed(name: string, value: unknown, seen: Map<object, unknown>): unknown {
  if (/^(?:headers|env)$/i.test(name) && typeof value === 'object' && value !== null && !Array.isArray(value))
    return Object.fromEntries(Object.keys(value).map((key) => [key, MASK]))
  const isSecret = SECRET_NAME.test(name) && !HARMLESS_NAME.test(name)
  return isSecret && value !== undefined && value !== null && typeof value !== 'boolean'
    ? MASK
    : mask(value, seen)
}

function maskText(text: string): string {
  return text.replaceAll(/(\w[\w+.-]*:\/\/[^\s/:@]*:)[^\s/@]+@/g, `$1${MASK}@`).replaceAll(SECRET_TEXT, MASK)
}
