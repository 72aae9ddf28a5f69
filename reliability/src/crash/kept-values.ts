import { definePlugin, type KeyValueNamespace, type Plugin } from '@halter/core'

/** A plugin that keeps small values; the same ones in every process that has it. */
export class KeptValues {
  /** There once a runtime has started. */
  values: KeyValueNamespace | undefined
  readonly plugin: Plugin = definePlugin({
    name: '@halter/reliability/kept-values',
    apiVersion: 1,
    requires: ['keyValue'],
    setup: ({ services }) => {
      this.values = services.keyValue.namespace('@halter/reliability/kept-values')
      return {}
    },
  })
}
