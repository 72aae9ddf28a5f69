import { CONFIG_SCHEMA } from '@halter/core/host'
import type { Output } from './output.ts'

/** `halter config schema` */
export async function printSchema(_: object, _arguments: readonly string[], output: Output): Promise<number> {
  output.data(schemaText())
  return await Promise.resolve(0)
}

/** What is published as `halter/config.schema.json`. */
export function schemaText(): string {
  return `${JSON.stringify(CONFIG_SCHEMA, undefined, 2)}\n`
}
