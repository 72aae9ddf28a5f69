/**
 * What JSON would change about a value, in words; undefined when nothing. A property that is `undefined` counts as one that is
 * not there.
 */
export function describeNonJson(value: unknown, inside: readonly object[] = []): string | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined
    case 'number':
      return Number.isFinite(value) ? undefined : `${value} is no JSON number`
    case 'object':
      return value === null ? undefined : describeNonJsonObject(value, inside)
    default:
      return `a value of type ${typeof value} is no JSON`
  }
}

function describeNonJsonObject(value: object, inside: readonly object[]): string | undefined {
  if (inside.includes(value)) return 'it contains itself'
  const prototype: unknown = Object.getPrototypeOf(value)
  const isList = Array.isArray(value)
  if (!isList && prototype !== Object.prototype && prototype !== null)
    return `a ${value.constructor.name} is no JSON`
  for (const each of Object.values(value)) {
    const problem = each === undefined && !isList ? undefined : describeNonJson(each, [...inside, value])
    if (problem !== undefined) return problem
  }
  return undefined
}
