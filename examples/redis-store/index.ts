// A session store as a plugin of its own. In a configuration: ["@acme/redis-store", { "url": "redis://127.0.0.1:6379" }].
import { definePlugin, jsonSchema } from 'halter'
import { connect } from './redis.ts'
import { RedisSessionStore } from './redis-session-store.ts'

export { RedisSessionStore }

/** Where Redis is, and what the keys of this halter begin with. */
export interface RedisStoreOptions {
  url: string
  prefix: string
}

export default definePlugin({
  name: '@acme/redis-store',
  apiVersion: 1,
  config: jsonSchema<RedisStoreOptions>({
    type: 'object',
    properties: {
      url: { type: 'string', default: 'redis://127.0.0.1:6379', description: 'Where Redis answers.' },
      prefix: { type: 'string', default: 'halter:', description: 'What every key begins with.' },
    },
    additionalProperties: false,
  }),
  provides: ['sessionStore'],
  async setup({ config, defer }) {
    const { store, close } = await openRedisStore(config)
    defer(close)
    return { sessionStore: store }
  },
})

/** Connects. @throws HalterError `ERR_STORE_FAILED` naming the address when nobody answers there. */
export async function openRedisStore({ url, prefix }: RedisStoreOptions) {
  const redis = await connect(url)
  return {
    store: new RedisSessionStore(redis, prefix),
    close: async () => {
      if (redis.isOpen) await redis.close()
    },
  }
}
