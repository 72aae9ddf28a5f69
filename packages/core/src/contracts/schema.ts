/** A JSON Schema, draft 2020-12, as plain data. */
export interface JsonSchema {
  readonly [keyword: string]: unknown
}

/** One thing that is wrong with a value. */
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** The part of Standard Schema (standardschema.dev, version 1) that halter uses; zod, valibot and arktype have it. */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
    /** Standard JSON Schema; zod 4.2 and later have it. */
    readonly jsonSchema?: {
      readonly input: (options: { readonly target: 'draft-2020-12' }) => Record<string, unknown>
    }
  }
}

/** The outcome of a validation. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/**
 * How a shape is stated: by a Standard Schema, or as plain JSON Schema (`jsonSchema<T>({…})` names the type). The second
 * loads no library until a value has to be checked.
 */
export type Schema<Output = unknown> = StandardSchema<Output> | TypedJsonSchema<Output>

declare const output: unique symbol
/** A JSON Schema that remembers the TypeScript type it stands for. */
export type TypedJsonSchema<Output> = JsonSchema & { readonly [output]?: Output }
