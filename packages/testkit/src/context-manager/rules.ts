import type { Rule } from '../rule.ts'
import { compactionRules } from './compaction-rules.ts'
import type { ContextManagerHarness } from './harness.ts'
import { planRules } from './plan-rules.ts'

/** Everything that a context manager promises. */
export const contextManagerRules: readonly Rule<ContextManagerHarness>[] = [...planRules, ...compactionRules]
