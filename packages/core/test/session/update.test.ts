import { describe, expect, test } from 'vitest'
import { startRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'

describe('update', () => {
  test('changes what is given and keeps the rest', async () => {
    const { runtime } = await startRuntime()
    const session = await runtime.newSession({ title: 'Old', metadata: { a: '1' } })
    await session.update({ title: 'New', model: 'test/other', workingDir: '/elsewhere' })
    expect(session.blueprint).toMatchObject({
      title: 'New',
      model: 'test/other',
      workingDir: '/elsewhere',
      metadata: { a: '1' },
    })
    await session.update({ metadata: { b: '2' }, models: { small: 'test/small' }, effort: 'low' })
    expect(session.state).toMatchObject({ title: 'New', metadata: { b: '2' } })
    const [summary] = (await runtime.listSessions()).sessions
    expect(summary).toMatchObject({ title: 'New', metadata: { b: '2' }, model: 'test/other' })
  })

  test('the next turn uses what was changed', async () => {
    const { runtime, provider } = await startRuntime({ script: [{ text: 'one' }, { text: 'two' }] })
    const session = await runtime.newSession()
    await session.submitTurn('first').result
    await session.update({ model: 'test/other', limits: { steps: 0 } })
    expect(await session.submitTurn('second').result).toMatchObject({ reason: 'budget-exhausted' })
    await session.update({ limits: {} })
    await session.submitTurn('third').result
    expect(provider.requests.map(({ model }) => model)).toEqual(['test', 'test/other'])
  })

  test('a relative folder is made absolute', async () => {
    const { runtime } = await startRuntime()
    const session = await runtime.newSession()
    await session.update({ workingDir: 'sub' })
    expect(session.blueprint.workingDir).toBe(`${process.cwd()}/sub`)
  })

  test.each([
    ['a title that is no string', { title: 5 as never }, 'ERR_SESSION_INPUT'],
    ['metadata that is no string', { metadata: { a: 1 as never } }, 'ERR_SESSION_INPUT'],
    ['a negative limit', { limits: { tokens: -5 } }, 'ERR_SESSION_INPUT'],
    ['a model that nobody speaks', { model: 'nobody' }, 'ERR_MODEL_UNKNOWN'],
    ['a role’s model that nobody speaks', { models: { plan: 'nobody' } }, 'ERR_MODEL_UNKNOWN'],
  ])('%s is refused, and nothing is stored', async (_what, change, code) => {
    const { runtime } = await startRuntime()
    const session = await runtime.newSession()
    await expect(session.update(change)).rejects.toMatchObject({ code })
    expect(session.state.head).toBe(1)
  })

  test('keys that no update has are not stored', async () => {
    const { runtime } = await startRuntime()
    const session = await runtime.newSession()
    await session.update({ title: 'x', type: 'session.closed', depth: 9 } as never)
    const log = await logOf(runtime, session.id)
    expect(log.at(-1)).toMatchObject({ type: 'session.updated', title: 'x' })
    expect(log.at(-1)).not.toHaveProperty('depth')
  })

  test('the caller’s metadata may change afterwards; the session’s does not', async () => {
    const { runtime } = await startRuntime()
    const session = await runtime.newSession()
    const metadata: Record<string, string> = { team: 'blue' }
    await session.update({ metadata })
    metadata['team'] = 'red'
    expect(session.state.metadata).toEqual({ team: 'blue' })
  })
})
