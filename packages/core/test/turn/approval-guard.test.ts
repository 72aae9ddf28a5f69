import type { Approver, ToolVerdict } from '@halter/core'
import { describe, expect, test } from 'vitest'
import { acting, ran } from '../session/support/acting.ts'
import { until } from '../session/support/gates.ts'
import { tapping } from '../session/support/plugins.ts'
import { logOf } from '../session/support/sound.ts'

async function guarded(answer: () => ToolVerdict | Promise<ToolVerdict>, approve?: Approver) {
  const asked: unknown[] = []
  const policy = tapping('policy', {
    'approval.guard': (request, ctx) => {
      asked.push({ ...request, isStored: ctx.session.state.approvals.has(request.callId) })
      return answer()
    },
  })
  const { session, runtime } = await acting([{ n: 1 }], approve, [policy])
  return { session, runtime, asked }
}

const nobody: Approver = () => {
  throw new Error('nobody should have been asked')
}

describe('approval.guard', () => {
  test('that allows answers in the place of whoever would be asked, once the question is stored', async () => {
    const { session, runtime, asked } = await guarded(() => ({ allow: 'it is harmless' }), nobody)
    await session.submitTurn('go').result
    expect(ran).toEqual([1])
    expect(asked).toMatchObject([{ callId: 'c0', name: 'act', scope: 'act', isStored: true }])
    const resolved = (await logOf(runtime, session.id)).filter(({ type }) => type === 'approval.resolved')
    expect(resolved).toMatchObject([{ answer: 'once', by: 'policy', reason: 'it is harmless' }])
  })

  test('that denies answers too, and the model hears why', async () => {
    const { session, runtime } = await guarded(() => ({ deny: 'never on Fridays' }), nobody)
    const { messages } = await session.submitTurn('go').result
    expect(ran).toEqual([])
    expect(messages.at(2)).toMatchObject({ isError: true, parts: [{ text: 'never on Fridays' }] })
    const resolved = (await logOf(runtime, session.id)).filter(({ type }) => type === 'approval.resolved')
    expect(resolved).toMatchObject([{ answer: 'deny', by: 'policy' }])
  })

  test.each<[string, ToolVerdict]>([
    ['asks', { ask: 'look at it' }],
    ['says nothing', undefined],
  ])('that %s leaves the question to them', async (_what, verdict) => {
    const { session } = await guarded(
      () => verdict,
      () => 'once',
    )
    await session.submitTurn('go').result
    expect(ran).toEqual([1])
  })

  test('that throws or hangs is a warning, and they are asked', async () => {
    for (const answer of [() => Promise.reject(new Error('bug')), () => new Promise<never>(() => {})]) {
      const { session, runtime } = await guarded(answer, () => ({ answer: 'deny', reason: 'they said no' }))
      const { messages } = await session.submitTurn('go').result
      expect(messages.at(2)).toMatchObject({ parts: [{ text: 'they said no' }] })
      const warnings = (await logOf(runtime, session.id)).filter(({ type }) => type === 'warning.raised')
      expect(warnings).toMatchObject([{ plugin: 'policy' }])
    }
  })

  test('is not waited for once somebody has resolved the question', async () => {
    const { session } = await guarded(() => new Promise<never>(() => {}), 'wait')
    const turn = session.submitTurn('go')
    await until(() => session.approvals.list().length === 1)
    await session.approvals.resolve('c0', 'once')
    await turn.result
    expect(ran).toEqual([1])
  })

  test('of two, the strictest answer counts', async () => {
    const lax = tapping('lax', { 'approval.guard': () => ({ allow: true }) })
    const strict = tapping('strict', { 'approval.guard': () => ({ deny: 'no' }) })
    const { session } = await acting([{ n: 1 }], nobody, [lax, strict])
    await session.submitTurn('go').result
    expect(ran).toEqual([])
  })
})
