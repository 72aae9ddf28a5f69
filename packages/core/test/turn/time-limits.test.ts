import type { ModelPart, SessionHandle, TurnResult } from '@halter/core'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { partsProvider, says, type Step } from '../session/support/providers.ts'
import { startRuntime } from '../session/support/runtime.ts'
import { tool } from '../session/support/tools.ts'

const CALL = { toolCalls: [{ name: 'slow' }] }

/** What the model was told of the one call. */
function answerOf({ messages }: TurnResult): unknown {
  return messages.find(({ role }) => role === 'tool')
}

describe('the deadline of a tool', () => {
  async function runTool(slow: ReturnType<typeof tool>): Promise<TurnResult> {
    const { runtime } = await startRuntime({ script: [CALL, { text: 'done' }] })
    const session = await runtime.newSession({ tools: [slow] })
    return session.submitTurn('go').orThrow()
  }

  test('aborts its signal, and a result that it still gives counts', async () => {
    const slow = tool(
      'slow',
      (_, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve(`stopped: ${String(signal.reason)}`))
        }),
      { timeoutMs: 20 },
    )
    expect(answerOf(await runTool(slow))).toMatchObject({
      isError: false,
      parts: [{ text: expect.stringContaining('stopped: ') as string }],
    })
  })

  test('leaves behind one that ignores its signal', async () => {
    const ignorant = tool('slow', () => new Promise<never>(() => {}), { timeoutMs: 20 })
    expect(answerOf(await runTool(ignorant))).toMatchObject({
      isError: true,
      parts: [{ text: expect.stringContaining('did not finish within 20 ms') as string }],
    })
  })

  test('is gone with the call: nothing of a quick tool is stopped later', async () => {
    let reason: unknown
    const quick = tool(
      'slow',
      async (_, { signal }) => {
        signal.addEventListener('abort', () => (reason = signal.reason))
        return 'quick'
      },
      { timeoutMs: 20 },
    )
    expect(answerOf(await runTool(quick))).toMatchObject({ isError: false, parts: [{ text: 'quick' }] })
    await sleep(60)
    expect(reason).toBeUndefined()
  })
})

describe('the silence of a model', () => {
  async function ask(
    steps: () => AsyncIterable<Step> | Iterable<Step>,
    modelSilence: number,
  ): Promise<{ result: TurnResult; session: SessionHandle }> {
    const { runtime } = await startRuntime({
      plugins: [partsProvider(steps)],
      maxModelTries: 1,
      timeouts: { modelSilence },
    })
    const session = await runtime.newSession({ model: 'parts' })
    return { result: await session.submitTurn('go').result, session }
  }

  test('ends the call once it has lasted too long, and the model is left behind', async () => {
    const { result } = await ask(() => [new Promise(() => {})], 40)
    expect(result).toMatchObject({ status: 'failed', error: { code: 'ERR_MODEL_TIMEOUT' } })
  })

  test('is broken by any part, so a long stream is no silent one', async () => {
    async function* slowly(): AsyncGenerator<ModelPart> {
      for (let piece = 0; piece < 10; piece++) {
        await sleep(20)
        yield { type: 'text.delta', id: 'text', text: '.' }
      }
      for (const part of says('!')) yield part
    }
    const { result } = await ask(slowly, 120)
    expect(result).toMatchObject({ status: 'completed', text: '..........!' })
  })
})
