import type { LanguageModelV4CallOptions } from '@ai-sdk/provider'
import type { JsonSchema } from '@halter/core'
import { cleanJson } from './clean-text.ts'

/** How a model is told what its reply must look like. */
export interface OutputFormat {
  readonly responseFormat?: LanguageModelV4CallOptions['responseFormat']
  /** OpenAI may hold the model to the schema to the letter. */
  readonly isStrict: boolean
  /** Said to the model in words, where its API has no way to say it. */
  readonly instruction?: string
}

/** APIs take schemas of objects only; any other one is asked for in words. Whoever asked checks the reply in any case. */
export function outputFormat(schema: JsonSchema): OutputFormat {
  const clean = cleanJson(schema)
  if (clean['type'] !== 'object')
    return {
      isStrict: false,
      instruction: `Answer with one JSON value and nothing else. It must fit this JSON Schema:\n${JSON.stringify(clean)}`,
    }
  return {
    responseFormat: { type: 'json', schema: clean, name: 'answer' },
    isStrict: isStrict(clean),
  }
}

/**
 * Whether OpenAI takes the schema in strict mode: every object closed, every property required.
 * https://developers.openai.com/api/docs/guides/structured-outputs (supported schemas)
 */
function isStrict(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.every(isStrict)
  if (typeof schema !== 'object' || schema === null) return true
  const { type, properties, required, additionalProperties, ...others } = schema as JsonSchema
  const isObject = type === 'object' || properties !== undefined
  if (!isObject) return Object.values(others).every(isStrict)
  const members = Object.entries((properties ?? {}) as Readonly<Record<string, unknown>>)
  const names: readonly unknown[] = Array.isArray(required) ? required : []
  return (
    additionalProperties === false &&
    members.every(([name, member]) => names.includes(name) && isStrict(member)) &&
    Object.values(others).every(isStrict)
  )
}
