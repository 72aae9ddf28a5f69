import type { SessionHandle, TurnHandle, TurnResult } from '@halter/core'
import { expect } from 'vitest'
import { settle } from './gates.ts'
import { partsProvider, says, type Step } from './providers.ts'
import { startRuntime } from './runtime.ts'
import { echo, stuck } from './tools.ts'

/** Never comes. */
export const forever = new Promise<never>(() => {})

/** A session whose first reply streams these steps; every later one says `after`. */
export async function streaming(steps: readonly Step[]) {
  const provider = partsProvider((_, call) => (call === 1 ? steps : says('after')))
  const { runtime } = await startRuntime({ plugins: [provider] })
  const session = await runtime.newSession({ model: 'parts', tools: [echo, stuck] })
  return { runtime, session, provider }
}

/** Interrupts the running turn, gives its result, and checks that it came in time and that the next turn works. */
export async function expectInterrupted(session: SessionHandle, turn: TurnHandle): Promise<TurnResult> {
  await settle()
  const startedAt = performance.now()
  await session.interrupt('by hand')
  expect(performance.now() - startedAt).toBeLessThan(30 + 1_000)
  const result = await turn.result
  expect(result).toMatchObject({
    status: 'failed',
    reason: 'interrupted',
    error: { code: 'ERR_TURN_INTERRUPTED', message: 'The turn was interrupted: by hand.' },
  })
  expect(session.status).toBe('idle')
  expect(await session.submitTurn('next').result).toMatchObject({ status: 'completed' })
  return result
}
