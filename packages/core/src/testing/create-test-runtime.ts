import type { ModelInfo } from '../contracts/provider.ts'
import type { Preset, RuntimeOptions, SessionRuntime } from '../contracts/runtime.ts'
import type { SessionStore } from '../contracts/session-store.ts'
import type { IdSource } from '../contracts/system.ts'
import { definePlugin } from '../define-plugin.ts'
import { createRuntime } from '../session/create-runtime.ts'
import {
  blindWatcher,
  countingIds,
  firstAccepting,
  fixedEnvironment,
  fixedRandom,
  plainPrompt,
  silentLogger,
  stepBudget,
  wholeContext,
} from './stubs.ts'
import { TestProvider, type TestScript } from './test-provider.ts'
import { TestStore } from './test-store.ts'
import { VirtualClock } from './virtual-clock.ts'

/** What a test runtime is made from: `plugins` win every slot that they provide. */
export interface TestRuntimeOptions extends Omit<RuntimeOptions, 'presets' | 'defaultModel'> {
  /** What the model `test` answers, call by call. */
  readonly script?: TestScript
  /** Pass one to look into it, or to open it again in a second runtime. */
  readonly store?: SessionStore
  readonly modelInfo?: Partial<ModelInfo>
}

/** A runtime for tests, and what stands behind it. */
export interface TestRuntime {
  readonly runtime: SessionRuntime
  readonly provider: TestProvider
  readonly store: SessionStore
  readonly clock: VirtualClock
}

/**
 * A runtime with the plugins under test over small stand-ins for everything else: a store in memory, a clock that needs no time, ids
 * that count, a model that follows a script. The same test gives the same log, byte for byte.
 */
export async function createTestRuntime(options: TestRuntimeOptions = {}): Promise<TestRuntime> {
  const { script = [], store = new TestStore(), modelInfo, ...rest } = options
  const clock = new VirtualClock()
  const provider = new TestProvider(script, clock, modelInfo)
  const presets = [standIns({ store, clock, provider }, countingIds(await sinceWhen(store)))]
  const runtime = await createRuntime({ ...rest, presets, defaultModel: 'test' })
  return { runtime, provider, store, clock }
}

/** What makes ids new in a store that another runtime has used: how many events are there. */
async function sinceWhen(store: SessionStore): Promise<string> {
  let events = 0
  for (const { sessionId } of (await store.list({ limit: 1000 })).sessions)
    events += (await store.load(sessionId))?.head ?? 0
  return events === 0 ? '' : `${events}.`
}

function standIns(given: Pick<TestRuntime, 'store' | 'clock' | 'provider'>, ids: IdSource): Preset {
  const { store, clock, provider } = given
  const system = definePlugin({
    name: '@halter/core/testing',
    apiVersion: 1,
    provides: [
      'sessionStore',
      'clock',
      'ids',
      'random',
      'environment',
      'watcher',
      'logger',
      'budget',
      'contextManager',
      'promptAssembler',
    ],
    contributes: ['providers'],
    setup: () => ({
      sessionStore: store,
      clock,
      ids,
      random: fixedRandom,
      environment: fixedEnvironment,
      watcher: blindWatcher,
      logger: silentLogger,
      budget: stepBudget,
      contextManager: wholeContext,
      promptAssembler: plainPrompt,
      providers: [provider],
    }),
  })
  const models = definePlugin({
    name: '@halter/core/testing-models',
    apiVersion: 1,
    provides: ['models'],
    requires: ['providers'],
    setup: ({ services }) => ({ models: firstAccepting(services.providers) }),
  })
  return { name: 'testing', plugins: [system, models] }
}
