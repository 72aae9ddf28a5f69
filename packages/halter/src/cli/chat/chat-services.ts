import { definePlugin, type Plugin, type ResourceSource, type Tool } from '@halter/core'

/** What a chat tells about, as the current generation has it. */
export interface ChatServices {
  readonly tools: readonly Tool[]
  readonly resources: ResourceSource | undefined
}

/** A plugin that looks at the tools and resources of each generation, and what it sees now. */
export function chatServices(): { readonly plugin: Plugin; now(): ChatServices } {
  const generations: ChatServices[] = []
  const plugin = definePlugin({
    name: 'halter/chat',
    apiVersion: 1,
    requires: ['tools'],
    optional: ['resources'],
    setup({ services, defer }) {
      const seen = { tools: services.tools, resources: services.resources }
      generations.push(seen)
      // Also when a reload fails after this: the generation before is the newest again.
      defer(() => void generations.splice(generations.indexOf(seen), 1))
      return {}
    },
  })
  return { plugin, now: () => generations.at(-1) ?? { tools: [], resources: undefined } }
}
