import type {
  JsonSchema,
  Schema,
  SchemaIssue,
  SchemaResult,
  StandardSchema,
  TypedJsonSchema,
} from './contracts/schema.ts'
import { HalterError } from './errors.ts'
import { validateFlat } from './flat-schema.ts'

/** Names the TypeScript type that a JSON Schema stands for. Loads nothing; the schema is used as it is. */
export function jsonSchema<T>(schema: JsonSchema): TypedJsonSchema<T> {
  return schema
}

/** True for zod, valibot, arktype and whatever else speaks Standard Schema. */
export function isStandardSchema(schema: Schema): schema is StandardSchema {
  return (typeof schema === 'object' || typeof schema === 'function') && '~standard' in schema
}

/**
 * Checks a value, and completes it with defaults. Objects of plain properties are checked here; any other JSON Schema is compiled
 * at its first use, by zod, and the compiled form is kept for as long as the schema object lives.
 */
export function validate<T>(schema: Schema<T>, value: unknown): SchemaResult<T> | Promise<SchemaResult<T>> {
  if (isStandardSchema(schema)) return schema['~standard'].validate(value)
  const known = compiled.get(schema)
  if (known) return known['~standard'].validate(value) as SchemaResult<T>
  const flat = validateFlat(schema, value)
  if (flat) return flat as SchemaResult<T>
  return compile(schema).then((standard) => standard['~standard'].validate(value) as SchemaResult<T>)
}

/**
 * The JSON Schema of what a schema takes in.
 * @throws HalterError `ERR_OUTPUT_SCHEMA` when a Standard Schema brings none; `what` names it in the message.
 */
export function toJsonSchema(schema: Schema, what: string): JsonSchema {
  if (!isStandardSchema(schema)) return schema
  const source = schema['~standard'].jsonSchema
  if (!source)
    throw new HalterError(
      'ERR_OUTPUT_SCHEMA',
      `The schema of ${what} (${schema['~standard'].vendor}) has no JSON Schema. Use zod 4.2 or later, or pass JSON Schema itself.`,
    )
  return source.input({ target: 'draft-2020-12' })
}

/** Issues in one line for people: `limit: expected number; path: missing`. */
export function formatIssues(issues: readonly SchemaIssue[]): string {
  return issues
    .map(({ path, message }) => (path?.length ? `${formatPath(path)}: ${message}` : message))
    .join('; ')
}

// Keyed by the schema object itself, so an entry goes when its plugin does.
const compiled = new WeakMap<JsonSchema, StandardSchema>()

async function compile(schema: JsonSchema): Promise<StandardSchema> {
  const { z } = await import('zod')
  const standard = z.fromJSONSchema(schema) as unknown as StandardSchema
  compiled.set(schema, standard)
  return standard
}

function formatPath(path: NonNullable<SchemaIssue['path']>): string {
  return path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.')
}
