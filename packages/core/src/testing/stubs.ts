import type { ContextManager } from '../contracts/context-manager.ts'
import type { PromptAssembler } from '../contracts/prompt-assembler.ts'
import type { Models, Provider } from '../contracts/provider.ts'
import type {
  Budget,
  Environment,
  IdKind,
  IdSource,
  Logger,
  RandomSource,
  Watcher,
} from '../contracts/system.ts'
import { HalterError } from '../errors.ts'

/** Ids that count: `session-1`, `turn-1`, … `since` goes before the number. */
export function countingIds(since = ''): IdSource {
  const counts = new Map<IdKind, number>()
  return {
    next(kind) {
      const count = (counts.get(kind) ?? 0) + 1
      counts.set(kind, count)
      return `${kind}-${since}${count}`
    },
  }
}

/** Always the middle. */
export const fixedRandom: RandomSource = { next: () => 0.5 }

/** A place that never changes. */
export const fixedEnvironment: Environment = {
  describe: async (workingDir) => ({ workingDir, platform: 'test', date: '2026-01-01' }),
}

/** Sees nothing. */
export const blindWatcher: Watcher = { watch: () => () => {} }

/** Says nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
}

/** Counts steps and nothing else. */
export const stepBudget: Budget = {
  reserve({ limits, steps }) {
    if (limits.steps !== undefined && steps >= limits.steps)
      throw new HalterError('ERR_BUDGET_EXHAUSTED', `The turn has made its ${limits.steps} model calls.`)
    return { settle() {}, release() {} }
  },
}

/** The first provider that accepts. */
export function firstAccepting(providers: readonly Provider[]): Models {
  return {
    async resolve(id, role) {
      const provider = providers.find((candidate) => candidate.accepts(id))
      if (!provider) throw new HalterError('ERR_MODEL_UNKNOWN', `No provider accepts the model "${id}".`)
      const { model, ...info } = await provider.info(id)
      return { id, role, provider, model, info }
    },
  }
}

/** The whole transcript, always. */
export const wholeContext: ContextManager = {
  plan: ({ state, estimatedTokens }) => ({
    messages: state.transcript,
    segments: state.injected,
    estimatedTokens,
  }),
  compactNow: async () => undefined,
}

/** The blueprint's own text, and the plan as it is. */
export const plainPrompt: PromptAssembler = {
  assemble: ({ blueprint, plan }) => ({
    system: blueprint.seed ?? [],
    messages: plan.messages,
    tail: plan.segments,
    breakpoints: [],
  }),
}
