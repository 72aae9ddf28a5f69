import type { Rule } from '../rule.ts'
import { abortRules } from './abort-rules.ts'
import { failureRules } from './failure-rules.ts'
import type { ProviderHarness } from './harness.ts'
import { replyRules } from './reply-rules.ts'
import { requestRules } from './request-rules.ts'

/** Everything that a model provider promises. Rules about a scene that its model cannot act are skipped, with the reason. */
export const providerRules: readonly Rule<ProviderHarness>[] = [
  ...requestRules,
  ...replyRules,
  ...failureRules,
  ...abortRules,
]
