import type { IdSource } from '@halter/core'

/**
 * Slot `ids`. A session is a UUID, version 7 where the runtime can make one, so that ids sort by age. Everything else is
 * unique by 72 random bits per source and a counter: a tenth of a UUID's cost, and 16 characters in an event instead of 36.
 */
export function createIds(): IdSource {
  // Not imported: Node has it loaded already, and building its ES module view would cost 5 ms at start.
  const crypto = process.getBuiltinModule('node:crypto')
  // randomUUIDv7 is not in Node 24.15, which is the oldest that we run on.
  const sessionId = crypto.randomUUIDv7 ?? crypto.randomUUID
  const source = crypto.randomBytes(9).toString('base64url')
  let count = 0
  return {
    next: (kind) => (kind === 'session' ? sessionId() : `${kind[0]}${source}_${(count++).toString(36)}`),
  }
}
