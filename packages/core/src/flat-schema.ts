import type { JsonSchema, SchemaIssue, SchemaResult } from './contracts/schema.ts'

type Property = Readonly<Record<string, unknown>>

/** The `default`s of a schema's top-level properties. */
export function defaultsOf(schema: JsonSchema): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(propertiesOf(schema))
      .filter(([, property]) => 'default' in property)
      .map(([name, property]) => [name, structuredClone(property['default'])]),
  )
}

/**
 * Checks an object against a schema whose properties are all plain: strings, numbers, booleans, choices, lists and maps of strings.
 * Undefined: the schema says more than that, so ask a library. Options of plugins rarely do, and loading one takes longer than all
 * the rest of a start.
 */
export function checkFlat(schema: JsonSchema, value: Property): SchemaIssue[] | undefined {
  const flat = flatOf(schema)
  if (!flat) return undefined
  const issues: SchemaIssue[] = []
  for (const name of flat.required)
    if (value[name] === undefined) issues.push({ path: [name], message: 'it is required and not there' })
  for (const [name, property] of flat.properties) checkProperty(issues, name, property, value[name])
  return issues
}

/**
 * Checks a value against such a schema, and completes it with its defaults. Undefined as in {@link checkFlat}. What `properties` does
 * not name passes, unless the schema says `additionalProperties: false`.
 */
export function validateFlat(schema: JsonSchema, value: unknown): SchemaResult<object> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const flat = flatOf(schema)
  if (!flat) return undefined
  const completed = flat.hasDefaults ? { ...defaultsOf(schema), ...value } : { ...value }
  const issues = checkFlat(schema, completed)!
  if (schema['additionalProperties'] === false)
    for (const key of Object.keys(value))
      if (!flat.names.has(key)) issues.push({ path: [key], message: 'there is no such key' })
  return issues.length > 0 ? { issues } : { value: completed }
}

/** A schema of plain properties, as it is checked. */
interface FlatSchema {
  readonly properties: readonly (readonly [name: string, property: Property])[]
  readonly names: ReadonlySet<string>
  readonly required: readonly string[]
  readonly hasDefaults: boolean
}

// A schema is read once, since tools are called often. Keyed by the schema object itself, so an entry goes when its plugin does.
const read = new WeakMap<JsonSchema, FlatSchema | 'more'>()

function flatOf(schema: JsonSchema): FlatSchema | undefined {
  let flat = read.get(schema)
  if (!flat) read.set(schema, (flat = readFlat(schema) ?? 'more'))
  return flat === 'more' ? undefined : flat
}

function readFlat(schema: JsonSchema): FlatSchema | undefined {
  const properties = Object.entries(propertiesOf(schema))
  if (!hasOnly(schema, OBJECT_KEYWORDS) || schema['type'] !== 'object') return undefined
  if (!properties.every(([, property]) => isFlat(property))) return undefined
  return {
    properties,
    names: new Set(properties.map(([name]) => name)),
    required: (schema['required'] as readonly string[] | undefined) ?? [],
    hasDefaults: properties.some(([, property]) => 'default' in property),
  }
}

const TELLING = ['title', 'description', 'default', 'examples', '$schema', '$id', '$comment', 'deprecated']
const OBJECT_KEYWORDS = new Set(['type', 'properties', 'required', 'additionalProperties', ...TELLING])
const KEYWORDS: Readonly<Record<string, ReadonlySet<string>>> = {
  string: new Set(['type', 'enum', 'minLength', ...TELLING]),
  number: new Set(['type', 'minimum', 'maximum', 'exclusiveMinimum', ...TELLING]),
  integer: new Set(['type', 'minimum', 'maximum', 'exclusiveMinimum', ...TELLING]),
  boolean: new Set(['type', ...TELLING]),
  array: new Set(['type', 'items', ...TELLING]),
  object: new Set(['type', 'additionalProperties', ...TELLING]),
}
/** Of a property that is one of some values, and leaves its type to them. */
const CHOICE = new Set(['enum', ...TELLING])

function propertiesOf(schema: JsonSchema): Readonly<Record<string, Property>> {
  return (schema['properties'] as Readonly<Record<string, Property>> | undefined) ?? {}
}

function hasOnly(schema: object, keywords: ReadonlySet<string>): boolean {
  return Object.keys(schema).every((keyword) => keywords.has(keyword))
}

function isFlat(property: Property): boolean {
  const { type, items, additionalProperties } = property
  if (type === undefined) return hasOnly(property, CHOICE) && isPlainChoice(property['enum'])
  const keywords = KEYWORDS[type as string]
  if (!keywords || !hasOnly(property, keywords)) return false
  if (type === 'array') return isPlainString(items)
  return type !== 'object' || isPlainString(additionalProperties)
}

function isPlainChoice(values: unknown): boolean {
  return Array.isArray(values) && values.every((value) => typeof value !== 'object')
}

function isPlainString(items: unknown): boolean {
  return (
    typeof items === 'object' &&
    items !== null &&
    (items as Property)['type'] === 'string' &&
    isFlat(items as Property)
  )
}

function checkProperty(issues: SchemaIssue[], name: string, property: Property, value: unknown): void {
  if (value === undefined) return
  const expected = property['type'] as string | undefined
  if (expected !== undefined && !isOfType(value, expected)) {
    const got = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
    issues.push({ path: [name], message: `expected ${expected}, got ${got}` })
  } else if (expected === 'array' || expected === 'object') {
    const each = property[expected === 'array' ? 'items' : 'additionalProperties'] as Property
    for (const [key, item] of Object.entries(value as object))
      checkProperty(issues, `${name}.${key}`, each, item)
  } else {
    const wrong = outOfBounds(property, value)
    if (wrong !== undefined) issues.push({ path: [name], message: wrong })
  }
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'number') return typeof value === 'number' && Number.isFinite(value)
  return typeof value === type
}

function outOfBounds(property: Property, value: unknown): string | undefined {
  const {
    enum: allowed,
    minLength,
    minimum,
    maximum,
    exclusiveMinimum,
  } = property as {
    readonly enum?: readonly unknown[]
    readonly minLength?: number
    readonly minimum?: number
    readonly maximum?: number
    readonly exclusiveMinimum?: number
  }
  if (allowed && !allowed.includes(value))
    return `expected one of ${allowed.map((each) => JSON.stringify(each)).join(', ')}`
  if (typeof value === 'string' && minLength !== undefined && Array.from(value).length < minLength)
    return `expected at least ${minLength} characters`
  if (typeof value !== 'number') return undefined
  if (minimum !== undefined && value < minimum) return `expected at least ${minimum}`
  if (maximum !== undefined && value > maximum) return `expected at most ${maximum}`
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum)
    return `expected more than ${exclusiveMinimum}`
  return undefined
}
