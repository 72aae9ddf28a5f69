import { CONFIG_SCHEMA, type HalterConfig } from '@halter/core/host'
import { UsageError } from './usage-error.ts'

/** What `--set` says, and which of them says each key. */
export interface Settings {
  readonly config: HalterConfig
  readonly keys: ReadonlyMap<string, string>
}

interface Shape {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Shape>>
}

/**
 * Reads `key=value` settings: keys with dots, values as JSON or, where that is easier to type, as plain text; for a list, as
 * names with commas. What is wrong with keys and values is left for the check of the configuration, which names the cure.
 * @throws UsageError for one without a key or `=`.
 */
export function parseSettings(settings: readonly string[]): Settings {
  const config: Record<string, unknown> = {}
  const keys = new Map<string, string>()
  const wrong = settings.filter((setting) => setting.indexOf('=') < 1)
  if (wrong.length > 0)
    throw new UsageError(
      wrong.map((setting) => ({
        message: `--set ${setting} says nothing.`,
        cure: 'Write --set key=value, such as --set limits.steps=20.',
      })),
    )
  for (const setting of settings) {
    const at = setting.indexOf('=')
    const key = setting.slice(0, at).trim()
    const path = key.split('.')
    setKey(config, path, parseValue(setting.slice(at + 1), shapeAt(path)))
    for (let length = 1; length <= path.length; length++)
      keys.set(path.slice(0, length).join('.'), `--set ${key}`)
  }
  return { config, keys }
}

function shapeAt(path: readonly string[]): Shape | undefined {
  let shape: Shape | undefined = CONFIG_SCHEMA
  for (const name of path)
    shape = shape?.properties && Object.hasOwn(shape.properties, name) ? shape.properties[name] : undefined
  return shape
}

/** JSON; what is none is a text. Where the schema wants a text, only a quoted one is JSON: `--set model=4` names a model "4". */
function parseValue(text: string, shape: Shape | undefined): unknown {
  if (shape?.type === 'string' && !text.startsWith('"')) return text
  try {
    return JSON.parse(text) as unknown
  } catch {
    return shape?.type === 'array' ? text.split(',').map((item) => item.trim()) : text
  }
}

/** Defines instead of assigning: a key like `__proto__` must reach the check as a key. */
function setKey(config: Record<string, unknown>, [first, ...rest]: readonly string[], value: unknown): void {
  const name = first!
  const define = (inner: unknown): void => {
    Object.defineProperty(config, name, {
      value: inner,
      enumerable: true,
      writable: true,
      configurable: true,
    })
  }
  if (rest.length === 0) return define(value)
  const there = Object.hasOwn(config, name) ? config[name] : undefined
  const inner = typeof there === 'object' && there !== null ? { ...there } : {}
  setKey(inner, rest, value)
  define(inner)
}
