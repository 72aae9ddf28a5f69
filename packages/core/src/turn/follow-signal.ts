import type { Abortable } from './abort-scope.ts'

/** Aborts `target` when somebody's signal is, until the returned function is called. */
export function followSignal(target: Abortable, signal: AbortSignal | undefined): () => void {
  if (!signal) return () => {}
  const abort = (): void => target.abort(asError(signal.reason))
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })
  return () => signal.removeEventListener('abort', abort)
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(`It was aborted: ${String(reason)}`)
}
