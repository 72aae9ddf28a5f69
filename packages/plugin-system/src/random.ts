import type { RandomSource } from '@halter/core'

/** Slot `random`: good enough for jitter, and for nothing secret. */
export function createRandom(): RandomSource {
  return { next: () => Math.random() }
}
