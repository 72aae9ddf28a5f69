import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { jsonSchema, validate, type JsonSchema, type TurnOptions } from '@halter/core'
import { UsageError } from './usage-error.ts'

/**
 * The shape that `--output-schema` asks for. A relative path is meant from where the command was called.
 * @throws UsageError when the file holds no JSON Schema that can be used.
 */
export async function readOutputSchema(path: string): Promise<NonNullable<TurnOptions['output']>> {
  const file = resolve(path)
  const value = parse(file, read(file))
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(file, 'is not a JSON Schema: it must be an object such as { "type": "object", … }')
  const schema = jsonSchema<unknown>(value as JsonSchema)
  try {
    await validate(schema, null) // whatever it says: that it can be asked is what counts
  } catch (error) {
    throw wrong(file, `is a JSON Schema that cannot be checked: ${messageOf(error)}`)
  }
  return { schema, jsonSchema: schema }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw wrong(file, `could not be read: ${messageOf(error)}`)
  }
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw wrong(file, `is not JSON: ${messageOf(error)}`)
  }
}

function wrong(file: string, what: string): UsageError {
  return new UsageError(`--output-schema ${file} ${what}.`, 'run')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
