import { createClient } from '@redis/client'
import { HalterError } from '@halter/core'

/** A connection, as the store uses it. */
export type Redis = Awaited<ReturnType<typeof connect>>

/** Connects, and goes on doing so whenever the connection is lost. */
export async function connect(url: string) {
  let hasConnected = false
  const redis = createClient({
    url,
    // A commit that nobody took must fail, not wait in a queue until the connection is back.
    disableOfflineQueue: true,
    socket: {
      connectTimeout: 2_000,
      reconnectStrategy: (tries) => hasConnected && Math.min(50 * 2 ** tries, 2_000),
    },
  })
  redis.on('error', () => undefined) // each command that fails says so itself
  try {
    await redis.connect()
  } catch (cause) {
    throw new HalterError(
      'ERR_STORE_FAILED',
      `Redis does not answer at ${new URL(url).host}. Start it, or change "url".`,
      { cause },
    )
  }
  hasConnected = true
  return redis
}
