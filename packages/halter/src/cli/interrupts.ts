/** Signals while something runs: the first one asks it to end, the second one leaves at once. */
export interface Interrupts {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal
  /** Back to what signals do by default. */
  stop(): void
}

/** Exit code of a process that was told to stop. */
export const INTERRUPTED = 130

/** Takes over these signals; `onFirst` is told of the first one. */
export function listenForInterrupts(
  onFirst: (name: string) => void,
  signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'],
): Interrupts {
  const controller = new AbortController()
  const listener = (name: string): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED)
    onFirst(name)
    controller.abort(new Error(name))
  }
  for (const signal of signals) process.on(signal, listener)
  return {
    signal: controller.signal,
    stop() {
      for (const signal of signals) process.off(signal, listener)
    },
  }
}
