import { definePlugin, type Plugin } from '@halter/core'
import { MemorySessionStore } from './memory-session-store.ts'

export { MemorySessionStore }

/** Fills `sessionStore` with one that forgets everything when the process ends. No options. */
const plugin: Plugin = definePlugin({
  name: '@halter/plugin-memory-store',
  apiVersion: 1,
  provides: ['sessionStore'],
  setup: () => ({ sessionStore: new MemorySessionStore() }),
})

export default plugin
