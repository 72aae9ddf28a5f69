import { definePlugin, type Plugin, type Provider } from '@halter/core'
import { textOf } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { settle } from '../session/support/gates.ts'
import { expectInterrupted, forever, streaming } from '../session/support/interrupts.ts'
import { tapping } from '../session/support/plugins.ts'
import { partsProvider, says } from '../session/support/providers.ts'
import { startRuntime } from '../session/support/runtime.ts'
import { logOf } from '../session/support/sound.ts'

/** A model that never says anything, and notes why it was stopped. */
function listeningProvider(reasons: unknown[]): Plugin {
  const provider: Provider = {
    name: 'listening',
    accepts: (model) => model === 'listening',
    info: (model) => ({ model, window: 1_000, maxOutput: 100, capabilities: {} }),
    async *stream(_request, signal) {
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reasons.push(signal.reason)
          reject(signal.reason as Error)
        })
      })
      yield { type: 'end', stopReason: 'end' }
    },
  }
  return definePlugin({
    name: 'listening',
    apiVersion: 1,
    contributes: ['providers'],
    setup: () => ({ providers: [provider] }),
  })
}

describe('an interrupted stream', () => {
  test('leaves its text, and nothing that no model takes back: no unsigned thinking, no half call', async () => {
    const { session, provider } = await streaming([
      { type: 'thinking.delta', id: '0', text: 'let me think' },
      { type: 'text.delta', id: '1', text: 'The answer ' },
      { type: 'text.delta', id: '1', text: 'is' },
      { type: 'toolInput.start', id: '2', callId: 'c1', name: 'echo' },
      { type: 'toolInput.delta', id: '2', text: '{"a":' },
      forever,
    ])
    const turn = session.submitTurn('go')
    const { messages, text } = await expectInterrupted(session, turn)
    expect(text).toBe('The answer is')
    expect(messages.at(1)).toMatchObject({
      role: 'assistant',
      stopReason: 'interrupted',
      parts: [{ kind: 'text', text: 'The answer is' }],
    })
    expect([...provider.requests[1]!.messages].map(textOf)).toEqual(['go', 'The answer is', 'next'])
  })

  test('has the id that its deltas had', async () => {
    const { session } = await streaming([{ type: 'text.delta', id: '1', text: 'half' }, forever])
    const turn = session.submitTurn('go')
    const events = Array.fromAsync(turn)
    const { messages } = await expectInterrupted(session, turn)
    const shown = (await events).filter((event) => event.type === 'text.delta')
    expect(shown.map(({ messageId }) => messageId)).toEqual([messages.at(1)!.id])
  })

  test.each([
    ['nothing yet', []],
    ['thinking', [{ type: 'thinking.delta', id: '0', text: 'hm' }]],
    ['blanks', [{ type: 'text.delta', id: '0', text: ' \n' }]],
    ['a call', [{ type: 'toolInput.start', id: '0', callId: 'c', name: 'echo' }]],
  ] as const)('of %s leaves no message', async (_what, steps) => {
    const { session } = await streaming([...steps, forever])
    const { messages } = await expectInterrupted(session, session.submitTurn('go'))
    expect(messages.map(({ role }) => role)).toEqual(['user'])
  })

  test('counts what it had cost', async () => {
    const { session } = await streaming([
      { type: 'usage', usage: { inputTokens: 70, outputTokens: 1 } },
      { type: 'text.delta', id: '0', text: 'x' },
      forever,
    ])
    const { usage } = await expectInterrupted(session, session.submitTurn('go'))
    expect(usage).toEqual({ inputTokens: 70, outputTokens: 1 })
    expect(session.usage.total.inputTokens).toBe(80)
  })

  test('tells its provider at once', async () => {
    const reasons: unknown[] = []
    const { runtime } = await startRuntime({ plugins: [listeningProvider(reasons)] })
    const session = await runtime.newSession({ model: 'listening' })
    const turn = session.submitTurn('go')
    await settle()
    turn.interrupt()
    expect(reasons).toMatchObject([{ code: 'ERR_TURN_INTERRUPTED' }])
    await turn.result
  })
})

describe('what an interrupted reply had said passes the hooks of replies:', () => {
  const steps = [{ type: 'text.delta', id: '0', text: 'my key is 1234' } as const, forever]
  const provider = () => partsProvider((_, call) => (call === 1 ? steps : says('after')))

  test('it is stored as they leave it', async () => {
    const { runtime } = await startRuntime({
      plugins: [
        provider(),
        tapping('redactor', {
          'response.transform': (message) => ({ ...message, parts: [{ kind: 'text', text: '****' }] }),
        }),
      ],
    })
    const session = await runtime.newSession({ model: 'parts' })
    const { messages } = await expectInterrupted(session, session.submitTurn('go'))
    expect(messages.at(1)).toMatchObject({ parts: [{ text: '****' }], stopReason: 'interrupted' })
    expect(JSON.stringify(await logOf(runtime, session.id))).not.toContain('1234')
  })

  test.each([
    ['refuse it', () => ({ deny: 'no' })],
    ['do not answer', () => forever],
  ])('it is not where they %s', async (_what, guard) => {
    let isFirst = true
    const once = (): ReturnType<typeof guard> | undefined => {
      if (!isFirst) return undefined
      isFirst = false
      return guard()
    }
    const { runtime } = await startRuntime({
      plugins: [provider(), tapping('censor', { 'response.guard': once })],
    })
    const session = await runtime.newSession({ model: 'parts' })
    const { messages } = await expectInterrupted(session, session.submitTurn('go'))
    expect(messages).toHaveLength(1)
  })
})
