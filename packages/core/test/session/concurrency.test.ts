import type { SessionHandle, TurnHandle, TurnResult } from '@halter/core'
import type { TestReply, TestRuntime } from '@halter/core/testing'
import type { SessionEvent } from '@halter/protocol'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ModelRequest } from '@halter/core'
import { withRuntime } from './support/runtime.ts'
import { liveSession } from './support/sound.ts'
import { summariser } from './support/summariser.ts'
import { tool } from './support/tools.ts'

async function ticks(count: number): Promise<void> {
  for (let tick = 0; tick < count; tick++) await Promise.resolve()
}

const working = tool('working', async ({ n }, ctx) => {
  ctx.emit(`working ${n as number}`)
  await ticks(5)
  await ctx.session.note('worked', n!)
  await ctx.session.inject(`worked ${n as number}`)
  await ticks(5)
  return 'worked'
})

/** Two steps with tools and an answer for each prompt, whatever the transcript holds by then. */
function reply({ messages, purpose }: ModelRequest): TestReply {
  if (purpose === 'compaction') return { text: 'what was said before' }
  const since = [...messages].toReversed().findIndex(({ role }) => role === 'user')
  if (since > 5) return { text: 'done' }
  const n = messages.length
  const toolCalls = [1, 2].map((call) => ({ name: 'working', id: `c${n}-${call}-${calls++}`, input: { n } }))
  return { text: ['one ', 'two'], toolCalls }
}
let calls = 0

/** Everything that has been begun, to be waited for. */
interface Deeds {
  readonly session: SessionHandle
  readonly runtime: TestRuntime['runtime']
  readonly turns: TurnHandle[]
  readonly others: Promise<unknown>[]
}

const acts = {
  notify: ({ session, others }: Deeds) => void others.push(session.notify('kind', 'message')),
  update: ({ session, others }: Deeds) => void others.push(session.update({ title: 'new title' })),
  compact: ({ session, others }: Deeds) => void others.push(session.compact()),
  submit: ({ session, turns }: Deeds) => void turns.push(session.submitTurn('another')),
  steer: ({ session, turns }: Deeds) => void turns.push(session.steer('by the way')),
  note: ({ runtime, session, others }: Deeds) => {
    const port = liveSession(runtime, session.id)!.portFor('somebody')
    others.push(
      port.note('beside', 1),
      port.inject('beside'),
      port.report({ handler: 'x', status: 'completed' }),
    )
  },
  fork: ({ session, others }: Deeds) => void others.push(session.fork().then((fork) => fork.detach())),
  clone: ({ session, others }: Deeds) => void others.push(session.clone().detach()),
  read: ({ session, others }: Deeds) => {
    others.push(
      (async () => {
        const events: SessionEvent[] = []
        for await (const event of session.events({ live: true, capacity: 4 }))
          if (events.push(event) > 20) break
      })(),
    )
  },
}
const disruptions = {
  interrupt: ({ session, others }: Deeds) => void others.push(session.interrupt('stop')),
  withdraw: ({ turns }: Deeds) => turns.at(-1)!.interrupt('never mind'),
}

function plan(names: readonly string[]) {
  return fc.array(fc.record({ name: fc.constantFrom(...names), after: fc.nat({ max: 60 }) }), {
    maxLength: 12,
  })
}

/** Does the deeds while a turn runs; gives the results of all turns. */
async function run(
  { runtime }: TestRuntime,
  planned: readonly { readonly name: string; readonly after: number }[],
): Promise<{
  readonly first: TurnResult
  readonly results: readonly TurnResult[]
  readonly others: PromiseSettledResult<unknown>[]
}> {
  const session = await runtime.newSession({ tools: [working] })
  await session.submitTurn('before').result
  const deeds: Deeds = { session, runtime, turns: [session.submitTurn('go')], others: [] }
  for (const { name, after } of planned) {
    await ticks(after)
    ;({ ...acts, ...disruptions })[name as keyof typeof acts](deeds)
  }
  const [first, ...results] = await Promise.all(deeds.turns.map(({ result }) => result))
  // A reader that got too few events to leave ends with its session.
  const others = Promise.allSettled(deeds.others)
  await session.detach()
  return { first: first!, results, others: await others }
}

describe('W-1, W-2: while a turn runs', () => {
  test('nothing that happens beside it fails it, and the log stays whole', async () => {
    await fc.assert(
      fc.asyncProperty(plan(Object.keys(acts)), async (planned) => {
        await withRuntime({ script: reply, plugins: [summariser()] }, async (started) => {
          const { first, results, others } = await run(started, planned)
          for (const result of [first, ...results])
            expect(result).toMatchObject({ status: 'completed', text: 'done' })
          expect(others.filter(({ status }) => status === 'rejected')).toEqual([])
        })
      }),
      { numRuns: 60 },
    )
  })

  test('interrupts and withdrawals among it end what they should, and the log stays whole', async () => {
    await fc.assert(
      fc.asyncProperty(plan([...Object.keys(acts), ...Object.keys(disruptions)]), async (planned) => {
        await withRuntime({ script: reply, plugins: [summariser()] }, async (started) => {
          const { first, results } = await run(started, planned)
          const isDisrupted = planned.some(({ name }) => name in disruptions)
          for (const result of [first, ...results])
            expect(result.status === 'completed' || (isDisrupted && result.reason === 'interrupted')).toBe(
              true,
            )
        })
      }),
      { numRuns: 60 },
    )
  })
})

describe('shutdown in the middle of everything', () => {
  test('settles every turn and every promise, and the log stays whole', async () => {
    await fc.assert(
      fc.asyncProperty(
        plan([...Object.keys(acts), ...Object.keys(disruptions)]),
        fc.boolean(),
        async (planned, ofRuntime) => {
          await withRuntime({ script: reply, plugins: [summariser()] }, async ({ runtime }) => {
            const session = await runtime.newSession({ tools: [working] })
            const deeds: Deeds = { session, runtime, turns: [session.submitTurn('go')], others: [] }
            for (const { name, after } of planned) {
              await ticks(after)
              ;({ ...acts, ...disruptions })[name as keyof typeof acts](deeds)
            }
            if (ofRuntime) await runtime.shutdown({ drainMs: 0 })
            else await session.shutdown()
            const results = await Promise.all(deeds.turns.map(({ result }) => result))
            for (const { status, reason } of results)
              expect(`${status} ${reason}`).toMatch(
                /completed stop|failed interrupted|rejected (closed|interrupted)/,
              )
            await Promise.allSettled(deeds.others)
          })
        },
      ),
      { numRuns: 60 },
    )
  })
})

test('W-30: everything that is recorded in the same moment is, and moves the head', async () => {
  await withRuntime({}, async ({ runtime }) => {
    const session = await runtime.newSession()
    await Promise.all(Array.from({ length: 50 }, (_, index) => session.notify('kind', `${index}`)))
    expect(session.state.head).toBe(51)
    const messages = (await Array.fromAsync(session.replay({ after: 1 }))).map((event) =>
      event.type === 'notification.raised' ? event.message : event.type,
    )
    expect(messages).toEqual(Array.from({ length: 50 }, (_, index) => `${index}`))
  })
})

test('sessions of one runtime do not mix', async () => {
  await withRuntime({ script: reply }, async ({ runtime }) => {
    const sessions = await Promise.all(
      Array.from({ length: 20 }, () => runtime.newSession({ tools: [working] })),
    )
    const results = await Promise.all(sessions.map((session) => session.submitTurn('go').result))
    for (const [index, session] of sessions.entries()) {
      expect(results[index]).toMatchObject({ status: 'completed' })
      expect(session.state.transcript).toHaveLength(8)
    }
  })
})
