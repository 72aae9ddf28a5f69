import type { SpawnRequest } from '@halter/core'
import { startRuntime } from './runtime.ts'
import { noneSpawned, spawning } from './spawning.ts'
import { tool } from './tools.ts'

/** A parent calls `spawn` once with this request and then says done; its child answers with `reply`. */
export async function family(
  request: Partial<SpawnRequest> = {},
  rest: Parameters<typeof startRuntime>[0] & { readonly reply?: object } = {},
) {
  const spawned = noneSpawned()
  const { reply = { text: 'child done' }, ...options } = rest
  const test = await startRuntime({
    ...options,
    script: ({ messages }) => {
      const first = JSON.stringify(messages.at(0)!.parts)
      if (!first.includes('to the parent')) return messages.length === 1 ? reply : { text: 'child done' }
      return messages.length === 1
        ? { toolCalls: [{ name: 'spawn', id: 'c1', input: request as never }] }
        : { text: 'parent done' }
    },
  })
  const session = await test.runtime.newSession({
    models: { subagent: 'test/small' },
    metadata: { team: 'blue' },
    tools: [spawning(spawned), tool('look', () => 'seen'), tool('act', () => 'acted')],
  })
  return { ...test, spawned, session }
}
