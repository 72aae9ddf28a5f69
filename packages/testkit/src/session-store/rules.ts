import type { Rule } from '../rule.ts'
import { blobRules, checkpointRules } from './ability-rules.ts'
import { changeRules } from './change-rules.ts'
import { commitRules } from './commit-rules.ts'
import { deleteRules } from './delete-rules.ts'
import { forkRules } from './fork-rules.ts'
import type { StoreHarness } from './harness.ts'
import { leaseRules } from './lease-rules.ts'
import { listRules } from './list-rules.ts'
import { sessionStoreModel } from './model.ts'
import { replayRules } from './replay-rules.ts'

/** Everything that a session store promises. Rules about an optional ability are skipped, by name, where it is absent. */
export const sessionStoreRules: readonly Rule<StoreHarness>[] = [
  ...commitRules,
  ...replayRules,
  ...listRules,
  ...deleteRules,
  ...checkpointRules,
  ...forkRules,
  ...changeRules,
  ...blobRules,
  ...leaseRules,
  {
    name: 'any sequence of commands leads where plain arrays lead',
    run: (harness) => sessionStoreModel(harness, { runs: 15 }),
  },
]
