import type { JsonSchema, Schema, SchemaIssue } from '../contracts/schema.ts'
import { formatIssues, isStandardSchema, toJsonSchema, validate } from '../schema.ts'
import { checkFlat, defaultsOf } from '../flat-schema.ts'
import type { Problem } from './problems.ts'
import type { ResolvedPlugin } from './resolve-plugins.ts'
import { sentence } from './sentence.ts'

/** The options of a plugin, checked and completed, or what is wrong with them: all of it. */
export type CheckedOptions = { readonly config: unknown } | { readonly problem: Problem }

/**
 * Checks the options of one plugin. Defaults of a plain JSON Schema's top-level properties are filled in, and an option that no
 * property names is refused even where the schema is silent: it is a typing mistake.
 */
export async function checkOptions({ plugin, options }: ResolvedPlugin): Promise<CheckedOptions> {
  const { name, config: schema } = plugin
  try {
    if (!schema) {
      if (options === undefined || isEmpty(options)) return { config: undefined }
      return refuse(name, 'it takes no options. Remove them')
    }
    const unknown = unknownOptions(schema, options)
    const result = isStandardSchema(schema)
      ? await checkStandard(schema, options)
      : await checkPlain(schema, options)
    const issues = [...unknown, ...(result.issues ?? [])]
    if (issues.length > 0) return refuse(name, formatIssues(issues))
    return { config: 'value' in result ? result.value : undefined }
  } catch (error) {
    return refuse(name, `its schema failed: ${sentence(error)} That is a mistake of the plugin`)
  }
}

function refuse(plugin: string, what: string): CheckedOptions {
  return {
    problem: { code: 'ERR_PLUGIN_CONFIG', message: `The options of ${plugin} do not work: ${what}.`, plugin },
  }
}

type Result = Awaited<ReturnType<typeof validate>>

/** Schemas of objects get `{}` for absent options, so that their own defaults apply. */
function checkStandard(schema: Schema, options: unknown): Result | Promise<Result> {
  return validate(schema, options ?? {})
}

async function checkPlain(schema: JsonSchema, options: unknown): Promise<Result> {
  if (options !== undefined && !isObject(options)) return { issues: [{ message: 'expected an object' }] }
  const completed = { ...defaultsOf(schema), ...options }
  // A schema that refuses its own defaults is a mistake that its author sees at the first option; most plugins get none.
  if (options === undefined && schema['required'] === undefined) return { value: completed }
  const issues = checkFlat(schema, completed)
  if (issues === undefined) return validate(schema, completed)
  return issues.length > 0 ? { issues } : { value: completed }
}

function unknownOptions(schema: Schema, options: unknown): SchemaIssue[] {
  const names = isObject(options) ? optionNames(schema) : undefined
  if (!names) return []
  const known = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`
  return Object.keys(options as object)
    .filter((key) => !names.includes(key))
    .map((key) => ({ path: [key], message: `there is no such option; ${known}` }))
}

/** The options a schema names; undefined when it takes any, or does not tell. */
function optionNames(schema: Schema): string[] | undefined {
  const json = jsonSchemaOf(schema)
  if (!json || !isObject(json['properties']) || json['patternProperties'] !== undefined) return undefined
  const { additionalProperties } = json
  return additionalProperties === undefined || additionalProperties === false
    ? Object.keys(json['properties'])
    : undefined
}

function jsonSchemaOf(schema: Schema): JsonSchema | undefined {
  try {
    return toJsonSchema(schema, 'options')
  } catch {
    return undefined // a Standard Schema that cannot show itself checks what it can by itself
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isEmpty(value: unknown): boolean {
  return isObject(value) && Object.keys(value).length === 0
}
