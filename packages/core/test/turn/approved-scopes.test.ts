import type { ApprovalAnswer } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { act, acting, ran } from '../session/support/acting.ts'
import { restart, startRuntime } from '../session/support/runtime.ts'

describe('an answer covers', () => {
  test('“once”: this call only', async () => {
    let asked = 0
    const { session } = await acting([{ n: 1 }, { n: 2 }], () => (asked++, 'once'))
    await session.submitTurn('go').result
    expect([asked, ran]).toEqual([2, [1, 2]])
  })

  test.each(['session', 'always'] as const)(
    '“%s”: later calls of the same scope, and no others',
    async (answer) => {
      const asked: string[] = []
      const inputs = [
        { n: 1, scope: 'a' },
        { n: 2, scope: 'a' },
        { n: 3, scope: 'b' },
        { n: 4, scope: 'a' },
      ]
      const { session } = await acting(inputs, ({ scope }) => {
        asked.push(scope)
        return scope === 'a' ? answer : 'once'
      })
      await session.submitTurn('go').result
      expect([asked, ran]).toEqual([
        ['a', 'b'],
        [1, 2, 3, 4],
      ])
    },
  )

  test('no tool that the scope of another’s call is called like', async () => {
    const asked: string[] = []
    const { session } = await acting(
      [{ n: 1, scope: 'act' }, { n: 2 }, { n: 3, scope: 'act' }],
      ({ scope }) => {
        asked.push(scope)
        return 'session'
      },
    )
    await session.submitTurn('go').result
    expect([asked, ran]).toEqual([
      ['act act', 'act'],
      [1, 2, 3],
    ])
  })

  test('“session”: also the next calls of the same reply, and after a restart', async () => {
    let asked = 0
    ran.length = 0
    const first = await startRuntime({
      script: [
        {
          toolCalls: [
            { name: 'act', id: 'a', input: { n: 1 } },
            { name: 'act', id: 'b', input: { n: 2 } },
          ],
        },
        { text: 'x' },
      ],
      approve: () => (asked++, 'session'),
    })
    const session = await first.runtime.newSession({ tools: [act] })
    await session.submitTurn('go').result
    const second = await restart(first, {
      script: [{ toolCalls: [{ name: 'act', id: 'c', input: { n: 3 } }] }, { text: 'y' }],
    })
    const resumed = await second.runtime.resume(session.id, { tools: [act] })
    await resumed!.submitTurn('again').result
    expect([asked, ran]).toEqual([1, [1, 2, 3]])
  })

  test('“deny”: nothing later', async () => {
    const answers: ApprovalAnswer[] = ['deny', 'once']
    const { session } = await acting([{ n: 1 }, { n: 2 }], () => answers.shift()!)
    await session.submitTurn('go').result
    expect(ran).toEqual([2])
  })
})
