import type { JsonSchema } from '../contracts/schema.ts'
import { CONFIG_SCHEMA } from './config-schema.ts'
import type { ConfigProblem } from './config-problem.ts'
import { nearestName } from './nearest-name.ts'

/** The keywords that {@link CONFIG_SCHEMA} uses; a schema that needs more must teach them to `checkValue`. */
interface Shape {
  readonly type?: 'object' | 'array' | 'string' | 'number' | 'integer'
  readonly description?: string
  readonly properties?: Readonly<Record<string, Shape>>
  readonly items?: Shape
  readonly prefixItems?: readonly Shape[]
  readonly minItems?: number
  readonly maxItems?: number
  readonly anyOf?: readonly Shape[]
  readonly enum?: readonly string[]
  readonly minLength?: number
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
}

const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * Everything that is wrong with one configuration; empty when nothing is. The schema is read here, not compiled by a schema
 * library: a good message needs the nearest key and the cure, and a library of this size has no place in a start-up.
 */
export function checkConfig(
  config: unknown,
  source: string,
  schema: JsonSchema = CONFIG_SCHEMA,
): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  checkKeys(config, { source, key: '', problems, seen: new Set() })
  checkValue(config, schema, { source, key: '', problems })
  return problems
}

interface Place {
  readonly source: string
  readonly key: string
  readonly problems: ConfigProblem[]
}

function checkValue(value: unknown, shape: Shape, place: Place): void {
  if (shape.anyOf) {
    if (!shape.anyOf.some((option) => fits(value, option)))
      report(place, value, `must be ${shape.description ?? 'another value'}`)
    return
  }
  if (shape.type === undefined) return
  if (!hasType(value, shape.type)) return report(place, value, `must be ${typeName(shape)}`)
  if (shape.enum && !shape.enum.includes(value as string))
    return reportChoice(place, value as string, shape.enum)
  if (shape.type === 'object') checkProperties(value as Record<string, unknown>, shape, place)
  else if (shape.type === 'array') checkItems(value as unknown[], shape, place)
  else if (!isInRange(value as string | number, shape)) report(place, value, `must be ${typeName(shape)}`)
}

function checkProperties(value: Record<string, unknown>, shape: Shape, place: Place): void {
  const properties = shape.properties ?? {}
  for (const [name, child] of Object.entries(value)) {
    const inside = { ...place, key: place.key === '' ? name : `${place.key}.${name}` }
    if (Object.hasOwn(properties, name)) {
      if (child !== undefined) checkValue(child, properties[name]!, inside)
    } else if (!FORBIDDEN.has(name)) {
      const meant = nearestName(name, Object.keys(properties))
      const cure = meant
        ? `Did you mean "${meant}"?`
        : `The keys here are: ${Object.keys(properties).join(', ')}.`
      place.problems.push({
        source: place.source,
        key: inside.key,
        value: child,
        problem: 'is no key of the configuration',
        cure,
      })
    }
  }
}

function checkItems(value: readonly unknown[], shape: Shape, place: Place): void {
  const { minItems = 0, maxItems = Infinity } = shape
  if (value.length < minItems || value.length > maxItems)
    report(place, value, `must have ${minItems} entries`)
  for (const [index, item] of value.entries()) {
    const itemShape = shape.prefixItems?.[index] ?? shape.items
    if (itemShape) checkValue(item, itemShape, { ...place, key: `${place.key}[${index}]` })
  }
}

/** Keys that would reach a prototype are refused everywhere, plugin options included. Aliases may form a cycle: see once. */
function checkKeys(value: unknown, place: Place & { readonly seen: Set<object> }): void {
  if (typeof value !== 'object' || value === null || place.seen.has(value) || !isPlain(value)) return
  place.seen.add(value)
  for (const [name, child] of Object.entries(value)) {
    const key = Array.isArray(value)
      ? `${place.key}[${name}]`
      : place.key === ''
        ? name
        : `${place.key}.${name}`
    if (FORBIDDEN.has(name))
      place.problems.push({
        source: place.source,
        key,
        problem: 'is a name that no key may have',
        cure: 'Remove it.',
      })
    else checkKeys(child, { ...place, key })
  }
}

/** Class instances (a plugin's options may hold a client) are nobody's data but theirs. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return Array.isArray(value) || prototype === Object.prototype || prototype === null
}

function report({ source, key, problems }: Place, value: unknown, problem: string): void {
  const cure = key === '' ? 'Export or write an object of keys.' : 'Change or remove it.'
  problems.push({ source, ...(key !== '' && { key }), value, problem, cure })
}

function reportChoice({ source, key, problems }: Place, value: string, choices: readonly string[]): void {
  const meant = nearestName(value, choices)
  const cure = meant ? `Did you mean "${meant}"?` : 'Take one of these.'
  problems.push({ source, key, value, problem: `must be one of ${choices.join(', ')}`, cure })
}

function fits(value: unknown, shape: Shape): boolean {
  const problems: ConfigProblem[] = []
  checkValue(value, shape, { source: '', key: '', problems })
  return problems.length === 0
}

function hasType(value: unknown, type: NonNullable<Shape['type']>): boolean {
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  if (type === 'integer') return Number.isSafeInteger(value)
  return type === 'number' ? Number.isFinite(value) : typeof value === type
}

function isInRange(value: string | number, shape: Shape): boolean {
  if (typeof value === 'string') return value.length >= (shape.minLength ?? 0)
  return (
    value >= (shape.minimum ?? -Infinity) &&
    value > (shape.exclusiveMinimum ?? -Infinity) &&
    value <= (shape.maximum ?? Infinity)
  )
}

/** A type in words: `a whole number of at least 1 (milliseconds)`. */
function typeName({ type, minimum, exclusiveMinimum, maximum, minLength, description }: Shape): string {
  const noun = {
    object: 'an object',
    array: 'a list',
    string: minLength ? 'a text that is not empty' : 'a text',
    number: 'a number',
    integer: 'a whole number',
  }[type ?? 'object']
  const range = [
    minimum !== undefined && `of at least ${minimum}`,
    exclusiveMinimum !== undefined && `greater than ${exclusiveMinimum}`,
    maximum !== undefined && `of at most ${maximum}`,
  ].filter(Boolean)
  const meaning = description === undefined ? '' : ` (${description})`
  return `${[noun, range.join(' and ')].filter(Boolean).join(' ')}${meaning}`
}
