import { createTestRuntime } from '@halter/core/testing'
import { expect, test } from 'vitest'
import plugin from '../src/index.ts'

test('a session that was compacted goes on with the summary and the newest prompt', async () => {
  const { runtime, provider } = await createTestRuntime({
    plugins: [[plugin, { compactionInstructions: 'Keep names.' }]],
    script: [
      { text: 'one' },
      { text: 'two' },
      { text: '<analysis>.</analysis><summary>It was about numbers.</summary>' },
      { text: 'three' },
    ],
  })
  try {
    const session = await runtime.newSession()
    await session.submitTurn('first').orThrow()
    await session.submitTurn('second').orThrow()
    const compacted = await session.compact({ instructions: 'Be brief.' })
    expect(compacted?.outcome).toMatchObject({
      trigger: 'manual',
      summary: expect.stringContaining('about numbers'),
    })
    expect(provider.requests[2]).toMatchObject({ purpose: 'compaction', tools: [] })
    expect(provider.requests[2]!.system[0]!.text).toMatch(/Keep names\.\n\nBe brief\.$/)
    await session.submitTurn('third').orThrow()
    const last = provider.requests[3]!.messages.slice()
    expect(last.map(({ role }) => role)).toEqual(['user', 'user', 'assistant', 'user'])
    expect(last[0]).toMatchObject({ origin: 'compaction' })
    expect(last[1]).toMatchObject({ parts: [{ text: 'second' }] })
    const stored = []
    for await (const { type } of session.replay()) stored.push(type)
    expect(stored.filter((type) => type === 'compaction.applied')).toHaveLength(1)
  } finally {
    await runtime.shutdown()
  }
})

test('with nothing to compact, nothing is recorded', async () => {
  const { runtime } = await createTestRuntime({ plugins: [plugin], script: [{ text: 'one' }] })
  try {
    const session = await runtime.newSession()
    await session.submitTurn('first').orThrow()
    const { head } = session.state
    expect(await session.compact()).toBeUndefined()
    expect(session.state.head).toBe(head)
  } finally {
    await runtime.shutdown()
  }
})
