import { describe, expect, test } from 'vitest'
import tools from '@halter/plugin-tools'
import type { Json } from '@halter/protocol'
import { claudeHooks, openPlace, Payloads, snapshot, tempFolder, type Place } from './place.ts'

const CREATE = { action: 'create', subject: ' Write tests ', description: 'For all of it.' }

/** A place with the real list of tasks, calls of it, and handlers of these events that keep their payloads and then do something. */
async function calling(
  inputs: readonly Json[],
  handlers: Readonly<Record<string, string>>,
): Promise<Place & { readonly payloads: Payloads }> {
  const payloads = new Payloads(await tempFolder())
  const hooks = Object.fromEntries(
    Object.entries(handlers).map(([event, then]) => [
      event,
      [{ hooks: [{ type: 'command', command: payloads.command(then) }] }],
    ]),
  )
  const place = await openPlace({
    resources: snapshot(claudeHooks(hooks)),
    plugins: [tools],
    script: [...inputs.map((input) => ({ toolCalls: [{ name: 'task', input }] })), { text: 'Done.' }],
  })
  return Object.assign(place, { payloads })
}

function tasksOf({ session }: Place): unknown {
  const value = session.state.plugins.get('@halter/plugin-tools')?.value
  return (value as { readonly tasks: unknown } | undefined)?.tasks ?? []
}

async function outcomes(place: Place): Promise<readonly string[]> {
  return (await place.eventsOf('toolCall.finished')).map(({ outcome }) => outcome)
}

test('TaskCreated and TaskCompleted tell of the task that it is about', async () => {
  const place = await calling(
    [CREATE, { action: 'create', subject: 'Rest' }, { action: 'list' }, { action: 'complete', id: 1 }],
    { TaskCreated: '', TaskCompleted: '' },
  )
  await place.session.submitTurn('go').orThrow()
  const first = { task_id: '1', task_subject: 'Write tests', task_description: 'For all of it.' }
  const told = await place.payloads.all()
  expect(told).toMatchObject([
    { hook_event_name: 'TaskCreated', ...first },
    { hook_event_name: 'TaskCreated', task_id: '2', task_subject: 'Rest' },
    { hook_event_name: 'TaskCompleted', ...first },
  ])
  expect(told[1]).not.toHaveProperty('task_description')
  expect(tasksOf(place)).toMatchObject([
    { id: 1, status: 'completed' },
    { id: 2, status: 'pending' },
  ])
})

describe('a handler that blocks keeps the list as it is, and the model reads why:', () => {
  const no = "echo 'The tests fail.' >&2; exit 2"
  test.each([
    ['TaskCreated', [CREATE], []],
    ['TaskCompleted', [CREATE, { action: 'complete', id: 1 }], [{ id: 1, status: 'pending' }]],
  ])('%s', async (event, inputs, tasks) => {
    const place = await calling(inputs, { [event]: no })
    await place.session.submitTurn('go').orThrow()
    expect((await outcomes(place)).at(-1)).toBe('denied')
    expect(JSON.stringify(await place.eventsOf('toolCall.finished'))).toContain('The tests fail.')
    expect(tasksOf(place)).toMatchObject(tasks)
    expect(await place.runs()).toMatchObject([
      { event, status: 'denied', callId: expect.any(String) as string },
    ])
  })

  test('one that fails is a warning', async () => {
    const place = await calling([CREATE], { TaskCreated: 'exit 1' })
    await place.session.submitTurn('go').orThrow()
    expect(tasksOf(place)).toHaveLength(1)
    expect(await place.eventsOf('warning.raised')).toHaveLength(1)
  })

  test('`continue: false` ends the turn, too', async () => {
    const stop = `echo '{"continue":false,"stopReason":"no more tasks"}'`
    const place = await calling([CREATE], { TaskCreated: stop })
    const { error } = await place.session.submitTurn('go').result
    expect(error).toMatchObject({ code: 'ERR_TURN_REFUSED' })
    expect(error!.message).toMatch(/^The TaskCreated hook .* stopped the turn: no more tasks$/)
  })
})

test('what is no new and no finished task is nobody’s event', async () => {
  const place = await calling(
    [{ action: 'create', subject: ' ' }, { action: 'complete', id: 7 }, { action: 'list' }],
    { TaskCreated: '', TaskCompleted: '' },
  )
  await place.session.submitTurn('go').orThrow()
  expect(await outcomes(place)).toEqual(['error', 'error', 'ok'])
  expect(await place.payloads.all()).toEqual([])
})

test('a call that PreToolUse denies creates nothing, and nobody is told that it does', async () => {
  const place = await calling([CREATE], { PreToolUse: 'exit 2', TaskCreated: '' })
  await place.session.submitTurn('go').orThrow()
  expect(await place.payloads.of('PreToolUse')).toMatchObject([
    { tool_name: 'TodoWrite', tool_input: { todos: [{ content: ' Write tests ', status: 'pending' }] } },
  ])
  expect(await place.payloads.of('TaskCreated')).toEqual([])
  expect(tasksOf(place)).toEqual([])
})
