import { HalterError, isHalterError } from '@halter/core'

/** Why a source cannot be used: what happened, to which one, and what to do. */
export function sourceFailure(message: string, cause?: unknown): HalterError {
  return new HalterError('ERR_RESOURCE_SOURCE', message, { cause })
}

/** What went wrong, in one sentence for a warning. */
export function reasonOf(error: unknown): string {
  if (isHalterError(error)) return error.message
  return error instanceof Error ? error.message : String(error)
}

/** Text that a stranger wrote, for a message: quoted, escaped and short, so that a terminal shows it and does nothing else. */
export function shown(text: string): string {
  const escaped = JSON.stringify(text).replace(
    /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return escaped.length <= 120 ? escaped : `${escaped.slice(0, 120).toWellFormed()}…"`
}
