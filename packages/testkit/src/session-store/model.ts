import type { StoreHarness } from './harness.ts'
import { modelCommands, ModelSessions, type StoreUnderTest } from './model-commands.ts'

/** How long and from where a model test goes. */
export interface ModelOptions {
  /** Sequences of commands. Default 100. */
  readonly runs?: number
  /** Commands per sequence, at most. Default 40. */
  readonly commands?: number
  /** The three that repeat a failing test; its report names them. */
  readonly seed?: number
  readonly path?: string
  readonly replayPath?: string
}

/**
 * Property test: random sequences of create, commit, stale and repeated commit, fork, delete, reopen, replay and list are run
 * against the store and against plain arrays, and must agree. Rejects with the shortest sequence found that does not, and
 * with what repeats it.
 */
export async function sessionStoreModel(harness: StoreHarness, options: ModelOptions = {}): Promise<void> {
  // Loaded here, not above: it costs every importer of this package more than all the rules.
  const fc = await import('fast-check')
  const { runs = 100, commands = 40, replayPath, ...repeat } = options
  const sequences = fc.commands(modelCommands(fc), {
    maxCommands: commands,
    size: 'max',
    ...(replayPath !== undefined && { replayPath }),
  })
  const property = fc.asyncProperty(sequences, async (sequence) => {
    const model = new ModelSessions()
    const real: StoreUnderTest = { harness, current: await harness.open() }
    try {
      await fc.asyncModelRun(() => ({ model, real }), sequence)
      for (const id of model.ids()) await model.assertSame(real.current.store, id)
    } finally {
      await real.current.close()
    }
  })
  await fc.assert(property, { numRuns: runs, ...repeat })
}
