import assert from 'node:assert/strict'
import { isHalterError } from '@halter/core'
import type { Rule } from '../rule.ts'
import { assertWhole, eventually, joined, soon } from './checks.ts'
import { asError, hear, sampleRequest, type Heard, type ProviderHarness } from './harness.ts'
import { sceneRule } from './scene-rule.ts'

/** How a call is called off. */
export const abortRules: readonly Rule<ProviderHarness>[] = [
  sceneRule(
    'a signal that is aborted already stops the call before it is made',
    [{ act: 'reply', reply: { text: ['Too late.'] } }],
    async (open) => {
      const heard = await soon(hear(open, {}, AbortSignal.abort(new Error('not now'))), 'the end of the call')
      assertCancelled(heard)
      assert.equal(open.calls(), 0)
    },
  ),

  sceneRule('an abort ends a call that has said nothing yet', [{ act: 'hang' }], async (open) => {
    const controller = new AbortController()
    const call = hear(open, {}, controller.signal)
    await eventually(() => open.calls() === 1, 'the call reaches the model')
    controller.abort(new Error('enough'))
    assertCancelled(await soon(call, 'the end of the call'))
    await eventually(() => open.openCalls() === 0, 'the model is let go')
  }),

  sceneRule('an abort ends a reply in the middle', [{ act: 'hang', text: 'Once upon a ' }], async (open) => {
    const controller = new AbortController()
    const request = await sampleRequest(open)
    let said = ''
    const call = (async (): Promise<Heard> => {
      try {
        for await (const part of open.provider.stream(request, controller.signal)) {
          if (part.type === 'text.delta') said += part.text
          if (said === 'Once upon a ') controller.abort(new Error('enough'))
        }
        return { parts: [] }
      } catch (failure) {
        return { parts: [], failure: asError(failure) }
      }
    })()
    assertCancelled(await soon(call, 'the end of the reply'))
    assert.equal(said, 'Once upon a ')
    await eventually(() => open.openCalls() === 0, 'the model is let go')
  }),

  sceneRule(
    'a reader that leaves lets the model go',
    [{ act: 'hang', text: 'Once upon a ' }],
    async (open) => {
      const request = await sampleRequest(open)
      for await (const part of open.provider.stream(request, new AbortController().signal))
        if (part.type === 'text.delta') break
      await eventually(() => open.openCalls() === 0, 'the model is let go')
    },
  ),

  sceneRule(
    'a call that was called off does no harm to the next one',
    [
      { act: 'hang', text: 'Once upon a ' },
      { act: 'reply', reply: { text: ['Well then.'] } },
    ],
    async (open) => {
      const request = await sampleRequest(open)
      for await (const part of open.provider.stream(request, new AbortController().signal))
        if (part.type === 'text.delta') break
      const next = await soon(hear(open), 'the next call')
      assert.equal(joined(assertWhole(next), 'text.delta'), 'Well then.')
    },
  ),
]

/** The failure is the abort's: the provider's word for it, or the reason itself. */
function assertCancelled({ parts, failure }: Heard): void {
  assert(failure !== undefined, 'the call ended as if nobody had called it off')
  assert(!parts.some(({ type }) => type === 'end'), 'the call came to its end')
  if (isHalterError(failure)) assert.equal(failure.kind, 'cancelled', failure.message)
}
