/** SIGINT and SIGTERM while something runs: the first one asks it to end, the second one leaves at once. */
export interface Interrupts {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal
  /** Back to what signals do by default. */
  stop(): void
}

/** Exit code of a process that was told to stop. */
export const INTERRUPTED = 130

/** Takes over SIGINT and SIGTERM; `onFirst` is told of the first one. */
export function listenForInterrupts(onFirst: (name: string) => void): Interrupts {
  const controller = new AbortController()
  const listener = (name: string): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED)
    onFirst(name)
    controller.abort(new Error(name))
  }
  process.on('SIGINT', listener)
  process.on('SIGTERM', listener)
  return {
    signal: controller.signal,
    stop() {
      process.off('SIGINT', listener)
      process.off('SIGTERM', listener)
    },
  }
}
