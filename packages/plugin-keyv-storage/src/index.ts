import { definePlugin, type Plugin, type StandardSchema } from '@halter/core'
import type { KeyvStorageAdapter } from 'keyv'
import { KeyvKeyValue } from './keyv-key-value.ts'

export { KeyvKeyValue }
export type { KeyvBacking } from './keyv-key-value.ts'

/** Options of the plugin. */
export interface KeyvStorageOptions {
  /** A keyv 6 storage adapter, made by the program that embeds halter; it wins over contributed ones. */
  readonly adapter?: KeyvStorageAdapter
}

const optionsJsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    adapter: { type: 'object', description: 'a keyv 6 storage adapter; only a program can pass one' },
  },
}

/** Checked by hand: an adapter is an object with methods, which only a program can pass. */
const options: StandardSchema<KeyvStorageOptions> = {
  '~standard': {
    version: 1,
    vendor: 'halter',
    validate(value) {
      const { adapter } = value as Partial<KeyvStorageOptions>
      const isAdapter =
        adapter === undefined || typeof (adapter as Partial<KeyvStorageAdapter>).get === 'function'
      if (isAdapter) return { value: adapter ? { adapter } : {} }
      return {
        issues: [
          { path: ['adapter'], message: 'expected a keyv storage adapter, an object with get and set' },
        ],
      }
    },
    jsonSchema: { input: () => optionsJsonSchema },
  },
}

/** Fills `keyValue`: in the adapter of the options, else in the first durable contributed one, else in memory. */
const plugin: Plugin = definePlugin({
  name: '@halter/plugin-keyv-storage',
  apiVersion: 1,
  config: options,
  provides: ['keyValue'],
  optional: ['storageAdapters'],
  setup({ config, services }) {
    const adapters = services.storageAdapters ?? []
    const contributed = adapters.find(({ isDurable }) => isDurable) ?? adapters[0]
    return { keyValue: new KeyvKeyValue({ keyvAdapter: config.adapter, contributed }) }
  },
})

export default plugin
