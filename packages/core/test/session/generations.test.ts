import { definePlugin, EMPTY_RESOURCES, perSession, perTurn, type Plugin } from '@halter/core'
import { TestStore } from '@halter/core/testing'
import { describe, expect, test } from 'vitest'
import { deferred, settle, type Deferred } from './support/gates.ts'
import { tapping } from './support/plugins.ts'
import { partsProvider, says } from './support/providers.ts'
import { startRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'
import { tool } from './support/tools.ts'

/** Adds a note to each prompt, so that a request shows which version of it was there. */
function version(name: string): Plugin {
  return tapping(`version-${name}`, {
    'prompt.transform': ({ parts, notes }) => ({ parts, notes: [...notes, name] }),
    'context.transform': (plan) => ({
      ...plan,
      segments: [...plan.segments, { id: name, text: `plan ${name}`, stability: 'turn' as const }],
    }),
  })
}

/** A plugin whose life is noted. */
function living(name: string, life: string[]): Plugin {
  return definePlugin({
    name,
    apiVersion: 1,
    setup({ defer }) {
      life.push(`+${name}`)
      defer(() => void life.push(`-${name}`))
      return {}
    },
  })
}

async function startWithGate(plugins: readonly Plugin[]) {
  const gates: Deferred[] = [deferred(), deferred(), deferred()]
  const provider = partsProvider((_, call) => [gates[call - 1]!.promise, ...says(`reply ${call}`)])
  const started = await startRuntime({ plugins: [provider, ...plugins] })
  return { ...started, parts: provider, gates }
}

describe('a reload while a turn runs', () => {
  test('leaves the turn its generation; the next has the new one', async () => {
    const life: string[] = []
    const { runtime, parts, gates } = await startWithGate([version('one'), living('old', life)])
    const session = await runtime.newSession({ model: 'parts' })
    const turn = session.submitTurn('a')
    await settle()
    await runtime.reload([parts, version('two'), living('new', life)])
    expect(life).toEqual(['+old', '+new'])
    expect(runtime.describe()).toMatchObject({ generation: 2, retiredGenerations: 1 })
    gates[0]!.resolve()
    await turn.result
    await settle()
    expect(life).toEqual(['+old', '+new', '-old'])
    expect(runtime.describe()).toMatchObject({ generation: 2, retiredGenerations: 0 })
    gates[1]!.resolve()
    await session.submitTurn('b').result
    expect(parts.requests.map(({ tail }) => tail.map(({ text }) => text))).toEqual([
      ['one', 'plan one'],
      ['two', 'plan two'],
    ])
    const log = await logOf(runtime, session.id)
    expect(log.filter((event) => event.type === 'turn.started').map(({ generation }) => generation)).toEqual([
      1, 2,
    ])
  })

  test('that fails changes nothing', async () => {
    const life: string[] = []
    const { runtime, parts, gates } = await startWithGate([version('one'), living('old', life)])
    const session = await runtime.newSession({ model: 'parts' })
    const broken = definePlugin({
      name: 'broken',
      apiVersion: 1,
      setup: () => {
        throw new Error('no port')
      },
    })
    await expect(runtime.reload([parts, living('new', life), broken])).rejects.toMatchObject({
      code: 'ERR_PLUGIN_SETUP',
      plugin: 'broken',
    })
    expect(life).toEqual(['+old', '+new', '-new'])
    expect(runtime.describe()).toMatchObject({ generation: 1, retiredGenerations: 0 })
    gates[0]!.resolve()
    expect(await session.submitTurn('a').result).toMatchObject({ status: 'completed' })
    expect(parts.requests[0]!.tail.map(({ text }) => text)).toEqual(['one', 'plan one'])
  })

  test('that would take the store from under open sessions is refused; without any it is not', async () => {
    const store = (): Plugin =>
      definePlugin({
        name: 'other-store',
        apiVersion: 1,
        provides: ['sessionStore'],
        setup: () => ({ sessionStore: new TestStore() }),
      })
    const { runtime } = await startRuntime()
    const session = await runtime.newSession()
    await expect(runtime.reload([store()])).rejects.toMatchObject({ code: 'ERR_RELOAD_IN_USE' })
    expect(runtime.describe().generation).toBe(1)
    await session.detach()
    await runtime.reload([store()])
    expect(runtime.describe()).toMatchObject({
      generation: 2,
      slots: { sessionStore: { plugin: 'other-store' } },
    })
    expect((await runtime.listSessions()).sessions).toEqual([])
  })

  test('gives sessions the new tools, and takes the old ones away', async () => {
    const withTool = (name: string): Plugin =>
      definePlugin({
        name: `tools-${name}`,
        apiVersion: 1,
        contributes: ['tools'],
        setup: () => ({ tools: [tool(name, () => name)] }),
      })
    const { runtime, provider } = await startRuntime({
      script: () => ({ text: 'x' }),
      plugins: [withTool('old')],
    })
    const session = await runtime.newSession({ tools: [tool('own', () => 'own')] })
    await session.submitTurn('a').result
    await runtime.reload([withTool('new')])
    await session.submitTurn('b').result
    expect(provider.requests.map(({ tools }) => tools.map(({ name }) => name))).toEqual([
      ['old', 'own'],
      ['new', 'own'],
    ])
  })
})

describe('services of a session and of a turn', () => {
  test('are made at the first turn, anew after a reload and per turn, and cleaned up in time', async () => {
    const life: string[] = []
    let count = 0
    const scoped = (generation: string): Plugin =>
      definePlugin({
        name: `scoped-${generation}`,
        apiVersion: 1,
        provides: ['promptAssembler', 'environment'],
        setup: () => ({
          promptAssembler: perSession(({ defer, session }) => {
            const name = `${generation} of ${session.sessionId}`
            life.push(`+${name}`)
            defer(() => void life.push(`-${name}`))
            return {
              assemble: ({ plan }) => ({ system: [], messages: plan.messages, tail: [], breakpoints: [] }),
            }
          }),
          environment: perTurn(({ defer }) => {
            const name = `turn ${++count}`
            life.push(`+${name}`)
            defer(() => void life.push(`-${name}`))
            return { describe: async (workingDir) => ({ workingDir, platform: 'x', date: 'x' }) }
          }),
        }),
      })
    const { runtime } = await startRuntime({ script: () => ({ text: 'x' }), plugins: [scoped('one')] })
    const session = await runtime.newSession({ sessionId: 's' })
    expect(life).toEqual([])
    for (let turn = 0; turn < 2; turn++) await session.submitTurn('a').result
    await runtime.reload([scoped('two')])
    await session.submitTurn('b').result
    await session.detach()
    await settle()
    expect(life).toEqual([
      '+one of s',
      '+turn 1',
      '-turn 1',
      '+turn 2',
      '-turn 2',
      '-one of s',
      '+two of s',
      '+turn 3',
      '-turn 3',
      '-two of s',
    ])
  })
})

describe('replaceResources', () => {
  test('leaves a running turn its snapshot; the next has the new one, and says so', async () => {
    const { runtime, gates } = await startWithGate([])
    const session = await runtime.newSession({ model: 'parts' })
    runtime.replaceResources({ ...EMPTY_RESOURCES, revision: 'r1' })
    const turn = session.submitTurn('a')
    await settle()
    runtime.replaceResources({ ...EMPTY_RESOURCES, revision: 'r2' })
    for (const gate of gates) gate.resolve()
    await turn.result
    await session.submitTurn('b').result
    runtime.replaceResources(undefined)
    await session.submitTurn('c').result
    const log = await logOf(runtime, session.id)
    const started = log.filter((event) => event.type === 'turn.started')
    expect(started.map(({ revision }) => revision)).toEqual(['r1', 'r2', 'empty'])
  })

  test('is what the prompt assembler gets, the same for every step of a turn', async () => {
    const revisions: string[] = []
    const assembling = definePlugin({
      name: 'assembling',
      apiVersion: 1,
      provides: ['promptAssembler'],
      setup: () => ({
        promptAssembler: {
          assemble({ plan, resources }) {
            revisions.push(resources.revision)
            runtime.replaceResources({ ...EMPTY_RESOURCES, revision: `r${revisions.length}` })
            return { system: [], messages: plan.messages, tail: [], breakpoints: [] }
          },
        },
      }),
    })
    const { runtime } = await startRuntime({
      script: [{ toolCalls: [{ name: 'nobody' }] }, { text: 'x' }, { text: 'y' }],
      plugins: [assembling],
    })
    const session = await runtime.newSession()
    for (let turn = 0; turn < 2; turn++) await session.submitTurn('a').result
    expect(revisions).toEqual(['empty', 'empty', 'r2'])
  })
})

test('describe tells as plain data what runs', async () => {
  const { runtime, parts, gates } = await startWithGate([version('one')])
  const session = await runtime.newSession({ model: 'parts' })
  session.submitTurn('a')
  await settle()
  const description = runtime.describe()
  expect(JSON.parse(JSON.stringify(description))).toEqual(description)
  expect(description).toMatchObject({
    generation: 1,
    openSessions: 1,
    runningTurns: 1,
    slots: { sessionStore: { plugin: '@halter/core/testing', decorators: [] } },
  })
  expect(description.plugins.map(({ name }) => name)).toContain(parts.name)
  expect(description.taps['prompt.transform']).toMatchObject([{ plugin: 'version-one', calls: 1 }])
  gates[0]!.resolve()
})
