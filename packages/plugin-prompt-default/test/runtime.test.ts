import { definePlugin, EMPTY_RESOURCES, type ResourceSnapshot } from '@halter/core'
import { createTestRuntime } from '@halter/core/testing'
import { expect, test } from 'vitest'
import plugin from '../src/index.ts'

const SOURCE = '/project/AGENTS.md'

test('the system part of a session stays the same byte for byte, until an instruction file is edited', async () => {
  const { resources, edit } = instructions('Be kind.')
  const script = Array.from({ length: 3 }, () => ({ text: 'yes' }))
  const { runtime, provider } = await createTestRuntime({ plugins: [plugin, resources], script })
  try {
    const session = await runtime.newSession({
      workingDir: '/project',
      appendSystemPrompt: 'For this session.',
    })
    await session.submitTurn('one').orThrow()
    await session.submitTurn('two').orThrow()
    edit('Be quick.')
    await session.submitTurn('three').orThrow()
    const [first, second, third] = provider.requests.map(({ system }) => JSON.stringify(system))
    expect(second).toBe(first)
    expect(first).toContain('Be kind.')
    expect(third).toBe(first!.replace('Be kind.', 'Be quick.'))
    const log = await Array.fromAsync(session.replay())
    expect(log.filter(({ type }) => type === 'cache.broken')).toMatchObject([
      { segment: `instructions:${SOURCE}`, plugin: plugin.name },
    ])
    const { tail, breakpoints } = provider.requests[1]!
    expect(tail.at(-1)!.text).toContain('Working directory: /project')
    expect(breakpoints).toEqual([
      { after: 'system', index: 0 },
      { after: 'system', index: 2 },
      { after: 'message', index: 2 },
    ])
  } finally {
    await runtime.shutdown()
  }
})

test("a session's own system prompt replaces the preset, and instruction files stay", async () => {
  const { resources } = instructions('Be kind.')
  const { runtime, provider } = await createTestRuntime({
    plugins: [plugin, resources],
    script: [{ text: 'yes' }],
  })
  try {
    const session = await runtime.newSession({ workingDir: '/project', systemPrompt: 'You are a parrot.' })
    await session.submitTurn('one').orThrow()
    expect(provider.requests[0]!.system.map(({ text }) => text)).toEqual([
      'You are a parrot.',
      `# Instructions from ${SOURCE}\n\nBe kind.`,
    ])
  } finally {
    await runtime.shutdown()
  }
})

/** A slot filled with one instruction file, and how to edit that. */
function instructions(text: string) {
  const snapshotOf = (content: string): ResourceSnapshot => ({
    ...EMPTY_RESOURCES,
    revision: content,
    instructions: [{ source: SOURCE, text: content }],
  })
  let snapshot = snapshotOf(text)
  const resources = definePlugin({
    name: 'test/instructions',
    apiVersion: 1,
    provides: ['resources'],
    setup: () => ({ resources: { snapshot: () => snapshot } }),
  })
  return { resources, edit: (content: string) => void (snapshot = snapshotOf(content)) }
}
