import { definePlugin, jsonSchema } from '@halter/core'
import { DefaultContextManager } from './context-manager.ts'
import type { ContextSettings } from './settings.ts'

export { DefaultContextManager } from './context-manager.ts'
export type { ContextSettings } from './settings.ts'

/** Decides what the model sees of a session. */
export default definePlugin({
  name: '@halter/plugin-context-default',
  apiVersion: 1,
  config: jsonSchema<ContextSettings>({
    type: 'object',
    additionalProperties: false,
    properties: {
      compactionPrompt: { type: 'string' },
      compactionInstructions: { type: 'string' },
    },
  }),
  provides: ['contextManager'],
  setup: ({ config }) => ({ contextManager: new DefaultContextManager(config) }),
})
