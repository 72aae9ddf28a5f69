import type { Approver, Plugin } from '@halter/core'
import type { Json } from '@halter/protocol'
import { startRuntime } from './runtime.ts'
import { tool } from './tools.ts'

function scopeOf(input: Json): { scope?: string } {
  const { scope } = input as { scope?: string }
  return scope === undefined ? {} : { scope }
}

/** What `act` has run with since the last `acting`. */
export const ran: unknown[] = []
/** Notes its input’s `n`; needs approval, of the input’s `scope`. */
export const act = tool('act', ({ n }) => void ran.push(n), {
  needsApproval: (input) => ({ reason: 'it acts', ...scopeOf(input) }),
})

/** A session whose model calls `act` with these inputs, one call per reply. */
export async function acting(inputs: readonly object[], approve?: Approver, plugins: readonly Plugin[] = []) {
  ran.length = 0
  const { runtime, store } = await startRuntime({
    script: [
      ...inputs.map((input, index) => ({
        toolCalls: [{ name: 'act', id: `c${index}`, input: input as never }],
      })),
      { text: 'done' },
    ],
    plugins,
  })
  const session = await runtime.newSession({ tools: [act], ...(approve && { approve }) })
  return { runtime, store, session }
}
