// An event sink as a plugin of its own: posts what happens to an address. `node examples/webhook-sink/receiver.ts` shows what arrives;
// `halter run --plugin ./examples/webhook-sink "…"` sends it there.
import { definePlugin, jsonSchema } from 'halter'
import { WebhookSink, type WebhookOptions } from './webhook-sink.ts'

export { WebhookSink }
export type { WebhookOptions }

export default definePlugin({
  name: '@acme/webhook-sink',
  apiVersion: 1,
  config: jsonSchema<WebhookOptions>({
    type: 'object',
    properties: {
      url: { type: 'string', default: 'http://127.0.0.1:8787/events', description: 'Where to post to.' },
      types: {
        type: 'array',
        items: { type: 'string' },
        default: ['turn.completed', 'turn.failed', 'approval.requested', 'notification.raised'],
        description: 'Which events; an empty list is all of them.',
      },
      secretVariable: {
        type: 'string',
        default: 'WEBHOOK_SECRET',
        description: 'The environment variable that holds the key for the signature; unset: none is made.',
      },
    },
    additionalProperties: false,
  }),
  contributes: ['eventSinks'],
  setup: ({ config }) => ({ eventSinks: [new WebhookSink(config, process.env[config.secretVariable])] }),
})
