// Deep enough for any configuration; deeper, or in a circle, values count as they are.
const DEEPEST = 32

/** A copy of plain objects and arrays, however nested; anything else is the value itself. */
export function snapshot(options: unknown, depth = 0): unknown {
  if (depth > DEEPEST) return options
  if (Array.isArray(options)) return options.map((each) => snapshot(each, depth + 1))
  if (!isPlain(options)) return options
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [key, snapshot(value, depth + 1)]))
}

/** True when two options are the same: plain objects and arrays by content, anything else by identity. */
export function areSameOptions(a: unknown, b: unknown, depth = 0): boolean {
  if (Object.is(a, b)) return true
  if (depth > DEEPEST) return false
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((each, index) => areSameOptions(each, b[index], depth + 1))
  if (!isPlain(a) || !isPlain(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && areSameOptions(a[key], b[key], depth + 1))
  )
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
