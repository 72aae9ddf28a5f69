import type { ModelInfo, SchemaIssue, StandardSchema } from '@halter/core'
import type { ModelSource } from './language-model.ts'
import type { ApiOptions, OpenAiOptions } from './named-providers.ts'
import { OPTIONS_JSON_SCHEMA } from './options-json-schema.ts'

/** The options of the plugin. */
export interface AiSdkOptions {
  /**
   * Models by id, or by a prefix that ends with `/`: the model, or a function of what stands behind the prefix. Only a program, or a
   * configuration that is one, can give these. `anthropic/` and `openai/` here take the place of those that come with the plugin.
   */
  readonly models?: Readonly<Record<string, ModelSource>>
  /** How to reach Anthropic; `false`: not at all. Default: by `ANTHROPIC_API_KEY` and `ANTHROPIC_BASE_URL`. */
  readonly anthropic?: ApiOptions | false
  /** How to reach OpenAI; `false`: not at all. Default: by `OPENAI_API_KEY` and `OPENAI_BASE_URL`. */
  readonly openai?: OpenAiOptions | false
  /** Facts of models, by the id as users write it: for models that are not well known, and prices of one's own. */
  readonly info?: Readonly<Record<string, Partial<ModelInfo>>>
}

type Check = (value: unknown, path: readonly string[]) => readonly SchemaIssue[]

/**
 * Checks the options by hand: they hold functions, which JSON Schema has no word for, and a schema library would be loaded at every
 * start.
 */
export const OPTIONS_SCHEMA: StandardSchema<AiSdkOptions> = {
  '~standard': {
    version: 1,
    vendor: 'halter',
    validate(value: unknown) {
      const issues = options(value, [])
      return issues.length > 0 ? { issues } : { value: value as AiSdkOptions }
    },
    jsonSchema: { input: () => OPTIONS_JSON_SCHEMA },
  },
}

const text: Check = (value, path) => (typeof value === 'string' ? [] : wrong(path, 'expected a text'))
const amount: Check = (value, path) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0
    ? []
    : wrong(path, 'expected a number from 0')
const flag: Check = (value, path) => (typeof value === 'boolean' ? [] : wrong(path, 'expected true or false'))
const model: Check = (value, path) =>
  typeof value === 'function' || isModel(value)
    ? []
    : wrong(
        path,
        'expected a model of the AI SDK (version 3 or 4 of its interface), or a function that gives one',
      )
const kind: Check = (value, path) =>
  value === 'responses' || value === 'chat' ? [] : wrong(path, 'expected "responses" or "chat"')

const api = { apiKey: text, baseURL: text, headers: record(text) }
const prices = shape({ input: amount, output: amount, cacheRead: amount, cacheWrite: amount }, [
  'input',
  'output',
])
const capabilities = shape({
  images: flag,
  documents: flag,
  thinking: flag,
  structuredOutput: flag,
  compaction: flag,
})
// An option that is none of these was refused before, by the names of the JSON Schema.
const options = known({
  models: record(model),
  anthropic: unless(false, shape(api)),
  openai: unless(false, shape({ ...api, api: kind })),
  info: record(shape({ window: amount, maxOutput: amount, prices, capabilities })),
})

function known(members: Readonly<Record<string, Check>>): Check {
  return (value, path) =>
    isRecord(value)
      ? Object.entries(members).flatMap(([name, check]) =>
          value[name] === undefined ? [] : check(value[name], [...path, name]),
        )
      : wrong(path, 'expected an object')
}

function shape(members: Readonly<Record<string, Check>>, required: readonly string[] = []): Check {
  const names = Object.keys(members)
  const checkKnown = known(members)
  return (value, path) => {
    if (!isRecord(value)) return checkKnown(value, path)
    const missing = required.filter((name) => value[name] === undefined)
    const unknown = Object.keys(value).filter((name) => !names.includes(name))
    return [
      ...missing.flatMap((name) => wrong([...path, name], 'it is required and not there')),
      ...unknown.flatMap((name) =>
        wrong([...path, name], `there is no such option; there are ${names.join(', ')}`),
      ),
      ...checkKnown(value, path),
    ]
  }
}

function record(each: Check): Check {
  return (value, path) =>
    isRecord(value)
      ? Object.entries(value).flatMap(([name, member]) => each(member, [...path, name]))
      : wrong(path, 'expected an object')
}

function unless(allowed: unknown, check: Check): Check {
  return (value, path) => (value === allowed ? [] : check(value, path))
}

function isModel(value: unknown): boolean {
  return (
    isRecord(value) &&
    (value['specificationVersion'] === 'v4' || value['specificationVersion'] === 'v3') &&
    typeof value['doStream'] === 'function'
  )
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrong(path: readonly string[], message: string): readonly SchemaIssue[] {
  return [{ path, message }]
}
