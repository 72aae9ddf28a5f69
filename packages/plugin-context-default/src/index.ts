import { definePlugin } from '@halter/core'
import { DefaultContextManager } from './context-manager.ts'
import { contextReducer, PLUGIN } from './context-state.ts'
import { createRecallTool } from './recall-output.ts'
import { settingsSchema } from './settings.ts'

export { DefaultContextManager } from './context-manager.ts'
export { scoreMessage, SIGNALS } from './score-message.ts'
export type { Signal } from './score-message.ts'
export type { CompactionStrategy, ContextSettings } from './settings.ts'

/** Decides what the model sees of a session, and makes room in it. */
export default definePlugin({
  name: PLUGIN,
  apiVersion: 1,
  config: settingsSchema,
  provides: ['contextManager'],
  contributes: ['tools'],
  requires: ['sessionStore'],
  sessionState: contextReducer,
  setup: ({ config, services }) => ({
    contextManager: new DefaultContextManager(config),
    tools: config.recall ? [createRecallTool(services.sessionStore)] : [],
  }),
})
