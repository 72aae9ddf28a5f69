import { join } from 'node:path'
import { definePlugin, halterHome, jsonSchema, type Plugin } from '@halter/core'
import { JsonlSink, type JsonlSinkOptions } from './jsonl-sink.ts'

export { JsonlSink }
export type { JsonlSinkOptions }

/** Options of the plugin. */
interface Options {
  readonly dir?: string
  readonly from: 'start' | 'now'
}

/** Adds to `eventSinks` one that writes a trace in JSON Lines per root session. */
const plugin: Plugin = definePlugin({
  name: '@halter/plugin-sink-jsonl',
  apiVersion: 1,
  config: jsonSchema<Options>({
    type: 'object',
    properties: {
      dir: {
        type: 'string',
        minLength: 1,
        description: 'the folder of the traces; default: traces in the folder of halter',
      },
      from: {
        enum: ['now', 'start'],
        default: 'now',
        description: 'where a new folder begins: with what comes, or with everything there is',
      },
    },
    additionalProperties: false,
  }),
  contributes: ['eventSinks'],
  requires: ['sessionStore'],
  async setup({ config, services, defer }) {
    const { sessionStore } = services
    const { dir = join(halterHome(), 'traces'), from } = config
    const sink = await JsonlSink.open({ dir, from, load: (id) => sessionStore.load(id) })
    defer(() => sink.close())
    return { eventSinks: [sink] }
  },
})

export default plugin
