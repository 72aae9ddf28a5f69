import type { SessionRuntime } from '@halter/core'
import { createTestRuntime, type TestRuntime, type TestRuntimeOptions } from '@halter/core/testing'
import { onTestFinished } from 'vitest'
import { expectSoundSessions } from './sound.ts'

/** Short enough for tests that wait for something to be given up. */
const TIMEOUTS = { interruptGrace: 30, tap: 2_000, cleanup: 500 }

/**
 * A test runtime whose sessions are looked at when the test ends: each log is whole, folds to what its live session says, and leaves a
 * transcript that model APIs take. Then it is shut down.
 */
export async function startRuntime(options: TestRuntimeOptions = {}): Promise<TestRuntime> {
  const test = await openRuntime(options)
  onTestFinished(() => closeRuntime(test))
  return test
}

/** As `startRuntime`, for one run of a property: looked at and shut down when `use` has ended. */
export async function withRuntime<T>(
  options: TestRuntimeOptions,
  use: (test: TestRuntime) => Promise<T>,
): Promise<T> {
  const test = await openRuntime(options)
  try {
    return await use(test)
  } finally {
    await closeRuntime(test)
  }
}

/** A test runtime that the caller looks after. */
export function openRuntime(options: TestRuntimeOptions = {}): Promise<TestRuntime> {
  return createTestRuntime({ ...options, timeouts: { ...TIMEOUTS, ...options.timeouts } })
}

/** Shuts a test runtime down; unless the test has done so, its sessions are looked at first. */
export async function closeRuntime(test: TestRuntime): Promise<void> {
  try {
    await expectSoundSessions(test)
  } finally {
    await test.runtime.shutdown({ drainMs: 0 })
  }
}

/** Another runtime over the store of the first, as after a restart. */
export async function restart(
  first: { readonly runtime: SessionRuntime; readonly store: TestRuntime['store'] },
  options: TestRuntimeOptions = {},
): Promise<TestRuntime> {
  await first.runtime.shutdown({ drainMs: 0 })
  return startRuntime({ ...options, store: first.store })
}
