import type { JsonSchema } from '../contracts/schema.ts'

const positive = { type: 'integer', minimum: 1 } as const
const milliseconds = { type: 'integer', minimum: 1, description: 'milliseconds' } as const
const model = { type: 'string', minLength: 1, description: 'a model id, such as "demo"' } as const

/**
 * The shape of a configuration file, as JSON Schema 2020-12. What editors complete from is what `loadConfig` checks with:
 * there is no second list of keys.
 */
export const CONFIG_SCHEMA: JsonSchema = Object.freeze({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Configuration of halter',
  type: 'object',
  additionalProperties: false,
  properties: {
    $schema: { type: 'string', description: 'where an editor finds this schema' },
    presets: {
      type: 'array',
      description: 'lists of plugins that give way, slot by slot, to "plugins"',
      items: { type: 'string', minLength: 1, description: "a preset's package name or path" },
    },
    plugins: {
      type: 'array',
      description: 'merged with the other layers by plugin name',
      items: {
        description: 'a package name, a path beginning with "./", or [name, options]',
        anyOf: [
          { type: 'string', minLength: 1 },
          {
            type: 'array',
            minItems: 2,
            maxItems: 2,
            prefixItems: [{ type: 'string', minLength: 1 }, {}],
          },
        ],
      },
    },
    model: { ...model, description: 'the model of sessions that name none' },
    models: {
      type: 'object',
      description: 'models of the other roles, where they differ',
      additionalProperties: false,
      properties: { plan: model, subagent: model, small: model },
    },
    effort: {
      type: 'string',
      enum: ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'],
      description: 'how hard models think',
    },
    temperature: { type: 'number', minimum: 0, maximum: 2 },
    maxOutputTokens: positive,
    systemPrompt: { type: 'string', description: 'replaces the whole system prompt of new sessions' },
    appendSystemPrompt: { type: 'string', description: 'added after the system prompt of new sessions' },
    limits: {
      type: 'object',
      description: 'caps of sessions that give none',
      additionalProperties: false,
      properties: {
        steps: { ...positive, description: 'model calls per turn' },
        tokens: { ...positive, description: 'of a session and its descendants' },
        usd: {
          type: 'number',
          exclusiveMinimum: 0,
          description: 'US dollars of a session and its descendants',
        },
        timeMs: milliseconds,
        depth: { type: 'integer', minimum: 0, description: 'how deep subagents nest' },
        fanOut: { type: 'integer', minimum: 0, description: 'subagents of one session at once' },
      },
    },
    timeouts: {
      type: 'object',
      description: 'deadlines, in milliseconds',
      additionalProperties: false,
      properties: {
        setup: milliseconds,
        tap: milliseconds,
        cleanup: milliseconds,
        tool: milliseconds,
        modelSilence: milliseconds,
        interruptGrace: milliseconds,
      },
    },
    maxModelTries: { ...positive, description: 'tries per model call, the first included' },
  },
})
