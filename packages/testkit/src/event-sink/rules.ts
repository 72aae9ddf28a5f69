import type { Rule } from '../rule.ts'
import { deliveryRules } from './delivery-rules.ts'
import type { SinkHarness } from './harness.ts'
import { mannerRules } from './manner-rules.ts'

/** Everything that an event sink promises. Rules about what was written are skipped, by name, where nobody can read it. */
export const eventSinkRules: readonly Rule<SinkHarness>[] = [...mannerRules, ...deliveryRules]
