import { createHash } from 'node:crypto'
import type { SessionId } from '@halter/protocol'

/**
 * The file of a session. An id may be any string, and a file name must never be a path or a surprise: one of another shape
 * than `[A-Za-z0-9_-]` keeps what of it is harmless, and a hash tells it from others.
 */
export function traceName(id: SessionId): string {
  if (/^[\w-]{1,100}$/.test(id)) return `${id}.jsonl`
  const harmless = id.replace(/[^\w-]/g, '_').slice(0, 80)
  // Of the JSON, which writes lone surrogates out: in UTF-8 they would all be the same character.
  const hash = createHash('sha256').update(JSON.stringify(id)).digest('hex').slice(0, 16)
  return `${harmless}-${hash}.jsonl`
}
