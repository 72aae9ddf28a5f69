import { toJsonSchema, type Plugin } from '@halter/core'

/** The keywords that options of our own plugins use. */
export interface OptionSchema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly string[]
  readonly const?: unknown
  readonly anyOf?: readonly OptionSchema[]
  readonly items?: OptionSchema
  readonly properties?: Readonly<Record<string, OptionSchema>>
  readonly additionalProperties?: boolean | OptionSchema
  readonly required?: readonly string[]
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
}

/** An option, or a part of one: `github.timeoutMs`, `sources[].path`, `info.*.window`. */
export interface OptionRow {
  readonly key: string
  readonly schema: OptionSchema
  readonly isRequired: boolean
  /** The option whose parts it has, where it is not the first with these. */
  readonly as?: string
}

/** The options of a plugin and all their parts, in the order of its schema. */
export function optionRows({ name, config }: Plugin): readonly OptionRow[] {
  const seen = new Map<OptionSchema, string>()
  const rowsOf = (schema: OptionSchema, prefix: string): OptionRow[] =>
    Object.entries(schema.properties ?? {}).flatMap(([option, property]) => {
      const key = `${prefix}${option}`
      const row = { key, schema: property, isRequired: schema.required?.includes(option) ?? false }
      const inner = partsOf(property)
      if (!inner) return [row]
      const as = seen.get(inner.schema)
      if (as !== undefined) return [{ ...row, as }]
      seen.set(inner.schema, key)
      return [row, ...rowsOf(inner.schema, `${key}${inner.path}.`)]
    })
  return config ? rowsOf(toJsonSchema(config, `the options of ${name}`), '') : []
}

/** The object that an option holds, in a list or under names of any kind, or as one of its forms. */
function partsOf(schema: OptionSchema): { readonly schema: OptionSchema; readonly path: string } | undefined {
  if (schema.properties) return { schema, path: '' }
  const { items, additionalProperties: values, anyOf } = schema
  if (anyOf) return anyOf.map(partsOf).find((parts) => parts !== undefined)
  const inner = items ?? (typeof values === 'object' ? values : undefined)
  const parts = inner && partsOf(inner)
  return parts && { schema: parts.schema, path: `${items ? '[]' : '.*'}${parts.path}` }
}

/** What the page says of one plugin, as Markdown. */
export function pluginSection(plugin: Plugin): string {
  const rows = optionRows(plugin).map(({ key, schema, isRequired, as }) => [
    code(key),
    as === undefined ? typeOf(schema) : `as ${code(as)}`,
    isRequired ? 'required' : defaultOf(schema),
    withCode(schema.description ?? ''),
  ])
  const body =
    rows.length === 0 ? 'No options.' : table(['option', 'type', 'default', 'what it decides'], rows)
  return `## ${plugin.name}\n\n${placesOf(plugin)}\n\n${body}\n`
}

/** The same text, however the columns of its tables are aligned. */
export function withoutAlignment(page: string): string {
  return page
    .split('\n')
    .map((line) =>
      line.startsWith('|') ? line.replaceAll(/ *\| */g, '|').replaceAll(/-{3,}/g, '---') : line.trimEnd(),
    )
    .join('\n')
    .trimEnd()
}

function placesOf({ provides, contributes }: Plugin): string {
  const places = [
    ['Fills', provides],
    ['Adds to', contributes],
  ] as const
  return places
    .filter(([, names]) => names.length > 0)
    .map(([verb, names]) => `${verb} ${names.map(code).join(', ')}.`)
    .join(' ')
}

function typeOf(schema: OptionSchema): string {
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ')
  if (schema.enum) return schema.enum.map(code).join(', ')
  if ('const' in schema) return code(JSON.stringify(schema.const))
  if (schema.type === 'array') return listOf(schema.items)
  if (schema.type === 'object' && typeof schema.additionalProperties === 'object')
    return `object of ${typeOf(schema.additionalProperties)}`
  const bounds = [
    schema.minimum !== undefined && `at least ${schema.minimum.toLocaleString('en')}`,
    schema.exclusiveMinimum !== undefined && `more than ${schema.exclusiveMinimum.toLocaleString('en')}`,
    schema.maximum !== undefined && `at most ${schema.maximum.toLocaleString('en')}`,
  ].filter(Boolean)
  return [schema.type, ...bounds].join(', ')
}

function listOf(items: OptionSchema | undefined): string {
  if (!items) return 'array'
  if (items.enum) return `list of ${typeOf(items)}`
  return items.anyOf ? `(${items.anyOf.map(typeOf).join(' or ')})[]` : `${typeOf(items)}[]`
}

function defaultOf({ default: value, items }: OptionSchema): string {
  if (value === undefined) return ''
  if (typeof value === 'number') return value.toLocaleString('en')
  if (typeof value === 'string') return code(value)
  if (!Array.isArray(value)) return isEmpty(value) ? 'none' : code(JSON.stringify(value))
  if (value.length === 0) return 'none'
  return value.length === items?.enum?.length ? 'all' : value.map((each) => code(String(each))).join(', ')
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  )
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

function code(text: string): string {
  return `\`${text}\``
}

/** Descriptions put in quotes what a page sets as code. */
function withCode(description: string): string {
  return description.replaceAll(/"([^"]+)"/g, '`$1`')
}
