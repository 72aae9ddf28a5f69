import { toJsonSchema, type JsonSchema, type Plugin } from '@halter/core'
import { CONFIG_SCHEMA } from '@halter/core/host'
import presetDefault from '@halter/preset-default'
import type { Output } from './output.ts'

/** `halter config schema` */
export async function printSchema(_: object, _arguments: readonly string[], output: Output): Promise<number> {
  output.data(`${JSON.stringify(editorSchema(), undefined, 2)}\n`)
  return await Promise.resolve(0)
}

/** What is published as `halter/config.schema.json`: what halter checks with, and the options of the plugins that it comes with. */
export function editorSchema(): JsonSchema {
  const { plugins, ...properties } = CONFIG_SCHEMA['properties'] as Readonly<Record<string, JsonSchema>>
  const ours = presetDefault.plugins.map((entry) => ('name' in entry ? entry : entry[0]))
  return {
    ...CONFIG_SCHEMA,
    properties: { ...properties, plugins: { ...plugins, items: entrySchema(plugins!['items'], ours) } },
  }
}

/** An entry of `plugins`: as core has it, with names to choose from, and options for these names. */
function entrySchema(items: unknown, ours: readonly Plugin[]): JsonSchema {
  const names = ours.map(({ name }) => name)
  const name = { type: 'string', minLength: 1 }
  const pair = { type: 'array', minItems: 2, maxItems: 2 }
  // A pattern, for `not` and `if` are more than some editors and checkers know.
  const another = { ...name, pattern: `^(?!(?:${names.join('|')})$)` }
  return {
    ...(items as JsonSchema),
    anyOf: [
      { ...name, examples: names },
      ...ours.map((plugin) => ({ ...pair, prefixItems: [{ const: plugin.name }, optionsOf(plugin)] })),
      { ...pair, prefixItems: [another, {}] },
    ],
  }
}

function optionsOf({ name, config }: Plugin): JsonSchema {
  return config
    ? toJsonSchema(config, `the options of ${name}`)
    : { type: 'object', additionalProperties: false, properties: {}, description: 'it takes no options' }
}
