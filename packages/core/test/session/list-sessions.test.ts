import { TestStore } from '@halter/core/testing'
import { describe, expect, test } from 'vitest'
import { settle } from './support/gates.ts'
import { openRuntime, restart, startRuntime } from './support/runtime.ts'
import { summariser } from './support/summariser.ts'

describe('the usage that a list shows', () => {
  test('has all of a session that is taken up again, what it spent between turns included', async () => {
    const first = await startRuntime({ script: () => ({ text: 'x' }), plugins: [summariser()] })
    const session = await first.runtime.newSession()
    for (const prompt of ['a', 'b']) await session.submitTurn(prompt).orThrow()
    await session.compact()
    expect(session.usage.total).toMatchObject({ inputTokens: 30 })
    const { runtime } = await restart(first)
    await runtime.resume(session.id)
    expect((await runtime.listSessions()).sessions).toMatchObject([{ usage: { inputTokens: 30 } }])
  })

  test('has what a turn had spent whose process died', async () => {
    const store = new TestStore()
    const { runtime: first } = await openRuntime({
      store,
      script: [{ toolCalls: [{ name: 'nope' }] }, { text: 'half', hangs: true }],
    })
    const session = await first.newSession()
    const turn = session.submitTurn('a')
    await settle()
    const { runtime } = await startRuntime({ store }) // as another process: the first one writes nothing any more
    await runtime.resume(session.id)
    expect((await runtime.listSessions()).sessions).toMatchObject([{ usage: { inputTokens: 10 } }])
    await first.shutdown({ drainMs: 0 })
    expect(await turn.result).toMatchObject({ status: 'failed', error: { code: 'ERR_COMMIT_CONFLICT' } })
  })
})
