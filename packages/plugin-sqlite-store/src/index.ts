import { join } from 'node:path'
import { definePlugin, halterHome, jsonSchema, type Plugin } from '@halter/core'
import { doctorCheck } from './doctor-check.ts'
import { SqliteSessionStore, type SqliteStoreOptions } from './sqlite-session-store.ts'

export { SqliteSessionStore }
export type { SqliteStoreOptions }

/** Options of the plugin. */
interface Options {
  readonly path?: string
  readonly durability: 'power' | 'process'
}

/** Fills `sessionStore` with one SQLite file, and offers it to whoever keeps small values (`storageAdapters`). */
const plugin: Plugin = definePlugin({
  name: '@halter/plugin-sqlite-store',
  apiVersion: 1,
  config: jsonSchema<Options>({
    type: 'object',
    properties: {
      path: {
        type: 'string',
        minLength: 1,
        description: 'the file, or ":memory:"; default: sessions.db in the folder of halter',
      },
      durability: {
        enum: ['power', 'process'],
        default: 'power',
        description: 'what a commit survives: loss of power, or only the end of the process',
      },
    },
    additionalProperties: false,
  }),
  provides: ['sessionStore'],
  contributes: ['storageAdapters', 'doctorChecks'],
  async setup({ config, defer, logger }) {
    const path = config.path ?? join(halterHome(), 'sessions.db')
    const store = await SqliteSessionStore.open({
      path,
      durability: config.durability,
      onWarning: (message) => logger.warn(message),
    })
    defer(() => store.close())
    return { sessionStore: store, storageAdapters: [store.storageAdapter], doctorChecks: [doctorCheck(path)] }
  },
})

export default plugin
