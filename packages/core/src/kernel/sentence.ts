import { toErrorWire } from '../errors.ts'

/** What was thrown, as a sentence inside another message. */
export function sentence(thrown: unknown): string {
  const { message } = toErrorWire(thrown)
  return /[.!?]$/.test(message) ? message : `${message}.`
}
