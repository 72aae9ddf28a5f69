import type { SubagentOutcome } from '@halter/protocol'
import type { TurnResult } from '../contracts/runtime.ts'

/** What a parent hears of a child, by how the child's turn ended. */
export function outcomeOf({ status, reason }: Pick<TurnResult, 'status' | 'reason'>): SubagentOutcome {
  if (status === 'completed') return 'completed'
  return reason === 'interrupted' || status === 'rejected' ? 'cancelled' : 'failed'
}
