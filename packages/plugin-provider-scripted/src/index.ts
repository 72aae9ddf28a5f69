import { definePlugin } from '@halter/core'
import { ScriptedProvider } from './scripted-provider.ts'

export { ScriptedProvider } from './scripted-provider.ts'
export type { ScriptedProviderOptions } from './scripted-provider.ts'
export type {
  Script,
  ScriptedCall,
  ScriptedError,
  ScriptedReply,
  ScriptedToolCall,
  ScriptFunction,
} from './script.ts'

/** Contributes the provider `scripted`: the models `scripted/<path>` and `demo`. */
export default definePlugin({
  name: '@halter/plugin-provider-scripted',
  apiVersion: 1,
  contributes: ['providers'],
  requires: ['clock'],
  setup: ({ services: { clock } }) => ({ providers: [new ScriptedProvider({ clock })] }),
})
