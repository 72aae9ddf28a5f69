import type { SessionHandle } from '@halter/core'
import { createTestRuntime, type TestRuntime, type TestScript } from '@halter/core/testing'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import tools, { taskState } from '@halter/plugin-tools'

type Input = Readonly<Record<string, string | number>>

/** Calls of `task`, and a turn that makes them. */
function calling(...inputs: readonly Input[]): TestScript {
  return [...inputs.map((input) => ({ toolCalls: [{ name: 'task', input }] })), { text: 'done' }]
}

async function start(script: TestScript, store?: TestRuntime['store']): Promise<TestRuntime> {
  return await createTestRuntime({ plugins: [tools], script, ...(store && { store }) })
}

/** What the calls of a session's newest turn answered. */
async function answers(session: SessionHandle): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const event of session.replay()) {
    if (event.type === 'turn.started') found.length = 0
    if (event.type !== 'toolCall.finished') continue
    const [part] = event.parts
    found.push(
      part?.kind === 'json' ? part.value : `${event.outcome}: ${part?.kind === 'text' ? part.text : ''}`,
    )
  }
  return found
}

const one = { id: 1, subject: 'Look', status: 'pending' }
const two = { id: 2, subject: 'Leap', description: 'Far.', status: 'pending' }
const done = { ...one, status: 'completed' }

describe('task', () => {
  it('adds, shows and completes, and sums up each time; completing twice is completing once', async () => {
    const { runtime } = await start(
      calling(
        { action: 'create', subject: '  Look ' },
        { action: 'create', subject: 'Leap', description: 'Far.' },
        { action: 'complete', id: 1 },
        { action: 'complete', id: 1 },
        { action: 'list' },
      ),
    )
    const session = await runtime.newSession()
    await session.submitTurn('go').orThrow()
    expect(await answers(session)).toEqual([
      { task: one, summary: { total: 1, pending: 1, completed: 0 } },
      { task: two, summary: { total: 2, pending: 2, completed: 0 } },
      { task: done, summary: { total: 2, pending: 1, completed: 1 } },
      { task: done, summary: { total: 2, pending: 1, completed: 1 } },
      { tasks: [done, two], summary: { total: 2, pending: 1, completed: 1 } },
    ])
    const notes: string[] = []
    for await (const event of session.replay()) if (event.type === 'plugin.noted') notes.push(event.name)
    expect(notes).toEqual(['task.created', 'task.created', 'task.completed'])
    await runtime.shutdown()
  })

  it('answers what it cannot do, and does nothing then', async () => {
    const { runtime } = await start(
      calling(
        { action: 'create' },
        { action: 'create', subject: ' ' },
        { action: 'complete' },
        { action: 'complete', id: 7 },
        { action: 'list' },
      ),
    )
    const session = await runtime.newSession()
    await session.submitTurn('go').orThrow()
    expect(await answers(session)).toEqual([
      expect.stringContaining('error: create needs a subject'),
      expect.stringContaining('error: create needs a subject'),
      expect.stringContaining('error: complete needs the id'),
      'error: There is no task 7. create adds one.',
      { tasks: [], summary: { total: 0, pending: 0, completed: 0 } },
    ])
    await runtime.shutdown()
  })

  it('survives a resume in another process, belongs to its session alone, and goes with a fork', async () => {
    const first = await start(calling({ action: 'create', subject: 'Look' }))
    const { id } = await first.runtime.newSession()
    const session = (await first.runtime.resume(id))!
    await session.submitTurn('go').orThrow()
    const fork = await session.fork({})
    await first.runtime.shutdown()

    const list = calling({ action: 'list' })
    const second = await start([...(list as []), ...(list as []), ...(list as [])], first.store)
    const resumed = (await second.runtime.resume(id))!
    const other = await second.runtime.newSession()
    const forked = (await second.runtime.resume(fork.id))!
    for (const each of [resumed, forked, other]) await each.submitTurn('list').orThrow()
    const listed = { tasks: [one], summary: { total: 1, pending: 1, completed: 0 } }
    expect(await answers(resumed)).toEqual([listed])
    expect(await answers(forked)).toEqual([listed])
    expect(await answers(other)).toEqual([{ tasks: [], summary: { total: 0, pending: 0, completed: 0 } }])
    await second.runtime.shutdown()
  })

  it('law: whatever is noted, each id is there once, in order, and what is completed stays so', () => {
    const note = fc.record({
      name: fc.constantFrom('task.created', 'task.completed', 'something.else'),
      data: fc.record({ id: fc.integer({ min: 1, max: 5 }), subject: fc.string({ minLength: 1 }) }),
    })
    interface State {
      readonly tasks: readonly { readonly id: number; readonly status: string }[]
    }
    fc.assert(
      fc.property(fc.array(note), (notes) => {
        let state = taskState.initial
        for (const each of notes) {
          const before = state as unknown as State
          state = taskState.reduce(state, each)
          const { tasks } = state as unknown as State
          expect(new Set(tasks.map(({ id }) => id)).size).toBe(tasks.length)
          expect(tasks.slice(0, before.tasks.length).map(({ id }) => id)).toEqual(
            before.tasks.map(({ id }) => id),
          )
          for (const [index, { status }] of before.tasks.entries())
            if (status === 'completed') expect(tasks[index]!.status).toBe('completed')
        }
      }),
    )
  })
})
