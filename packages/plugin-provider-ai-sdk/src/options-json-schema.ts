import type { JsonSchema } from '@halter/core'

const text = { type: 'string' }
const amount = { type: 'number', minimum: 0 }
const flag = { type: 'boolean' }

/** How to reach an API, as options say it; `names` are its variables. */
function reachable(maker: string, names: string, more: object = {}): object {
  return {
    description: `how to reach ${maker}; false: not at all`,
    anyOf: [
      { const: false },
      {
        type: 'object',
        additionalProperties: false,
        properties: {
          apiKey: { ...text, description: `the key; default: ${names}_API_KEY` },
          baseURL: { ...text, description: `where the API is; default: ${names}_BASE_URL, else its maker's` },
          headers: { type: 'object', additionalProperties: text, description: 'sent with every request' },
          ...more,
        },
      },
    ],
  }
}

const info = {
  type: 'object',
  additionalProperties: false,
  properties: {
    window: { ...amount, description: 'tokens that a prompt and its reply may have' },
    maxOutput: { ...amount, description: 'tokens of the longest reply' },
    prices: {
      type: 'object',
      description: 'US dollars per million tokens',
      additionalProperties: false,
      required: ['input', 'output'],
      properties: {
        input: { ...amount, description: 'of a prompt' },
        output: { ...amount, description: 'of a reply' },
        cacheRead: { ...amount, description: 'of a prompt that was cached' },
        cacheWrite: { ...amount, description: 'of a prompt that is put into the cache' },
      },
    },
    capabilities: {
      type: 'object',
      description: 'what the model can do',
      additionalProperties: false,
      properties: {
        images: { ...flag, description: 'see pictures' },
        documents: { ...flag, description: 'read documents, such as PDF' },
        thinking: { ...flag, description: 'think before it answers' },
        structuredOutput: { ...flag, description: 'keep to a schema' },
        compaction: { ...flag, description: 'shorten a context by itself' },
      },
    },
  },
}

/** The options for editors and readers; what checks them is in `options.ts`, for some hold functions. */
export const OPTIONS_JSON_SCHEMA: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    models: {
      type: 'object',
      description: 'models by id, or functions by prefix ("acme/"); only a program can pass them',
    },
    anthropic: reachable('Anthropic', 'ANTHROPIC'),
    openai: reachable('OpenAI', 'OPENAI', {
      api: {
        enum: ['responses', 'chat'],
        default: 'responses',
        description: 'which of its APIs; chat is for servers that know no other',
      },
    }),
    info: {
      type: 'object',
      additionalProperties: info,
      description: 'facts of models by id, where they are not well known or differ',
    },
  },
}
