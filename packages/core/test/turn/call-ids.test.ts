import { createTestRuntime } from '@halter/core/testing'
import { expect, test } from 'vitest'

test('a provider that counts its calls from zero in every reply gets a new id for each', async () => {
  const toolCalls = [{ name: 'nothing', id: 'call_0' }]
  const { runtime, store } = await createTestRuntime({
    script: [{ toolCalls }, { toolCalls }, { text: 'a' }, { toolCalls }, { text: 'b' }],
  })
  const session = await runtime.newSession()
  await session.submitTurn('go').orThrow()
  await runtime.shutdown()
  const later = await createTestRuntime({ script: [{ toolCalls }, { text: 'c' }], store })
  const resumed = (await later.runtime.resume(session.id))!
  await resumed.submitTurn('again').orThrow()
  const ids = [...resumed.state.transcript].flatMap((message) =>
    message.parts.flatMap((part) => (part.kind === 'toolCall' ? [part.callId] : [])),
  )
  expect(ids).toEqual(['call_0', 'call_0-2', 'call_0-3'])
  await later.runtime.shutdown()
})

test('counts that are no numbers do not reach the log', async () => {
  const usage = { inputTokens: Number.NaN, outputTokens: 3, cacheReadTokens: -1 }
  const { runtime } = await createTestRuntime({ script: [{ text: 'a', usage }] })
  const session = await runtime.newSession()
  const { usage: counted } = await session.submitTurn('go').orThrow()
  expect(counted).toEqual({ inputTokens: 0, outputTokens: 3 })
  await runtime.shutdown()
})
