import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Why somebody is not let in. */
export interface Refusal {
  readonly status: number
  readonly message: string
}

/**
 * A page in a browser must not reach this service by way of the user's machine: names that lead here from outside, and other origins, are
 * refused before the token is looked at.
 */
export function refusal({ headers }: IncomingMessage, token: string): Refusal | undefined {
  const host = URL.parse(`http://${headers.host ?? ''}`)?.hostname
  if (host !== '127.0.0.1' && host !== 'localhost')
    return { status: 421, message: 'This service answers to 127.0.0.1 and localhost only.' }
  if (headers.origin !== undefined) return { status: 403, message: 'Pages of a browser are not served.' }
  const given = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? ''
  return isSame(given, token)
    ? undefined
    : { status: 401, message: 'The token is missing or wrong: Authorization: Bearer …' }
}

/** In constant time, whatever the lengths. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
