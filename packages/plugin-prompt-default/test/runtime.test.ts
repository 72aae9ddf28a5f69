import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestRuntime } from '@halter/core/testing'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import plugin from '../src/index.ts'

let folder: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'halter-prompt-')))
  vi.stubEnv('HALTER_HOME', join(folder, 'home'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

test('the system part of a session stays the same byte for byte, until an instruction file is edited', async () => {
  writeFileSync(join(folder, 'AGENTS.md'), 'Be kind.')
  const script = Array.from({ length: 3 }, () => ({ text: 'yes' }))
  const { runtime, provider } = await createTestRuntime({ plugins: [plugin], script })
  try {
    const session = await runtime.newSession({ workingDir: folder, appendSystemPrompt: 'For this session.' })
    await session.submitTurn('one').orThrow()
    await session.submitTurn('two').orThrow()
    writeFileSync(join(folder, 'AGENTS.md'), 'Be quick.')
    await session.submitTurn('three').orThrow()
    const [first, second, third] = provider.requests.map(({ system }) => JSON.stringify(system))
    expect(second).toBe(first)
    expect(first).toContain('Be kind.')
    expect(third).toBe(first!.replace('Be kind.', 'Be quick.'))
    const log = await Array.fromAsync(session.replay())
    expect(log.filter(({ type }) => type === 'cache.broken')).toMatchObject([
      { segment: `instructions:${join(folder, 'AGENTS.md')}`, plugin: plugin.name },
    ])
    const { tail, breakpoints } = provider.requests[1]!
    expect(tail.at(-1)!.text).toContain(`Working directory: ${folder}`)
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
  writeFileSync(join(folder, 'AGENTS.md'), 'Be kind.')
  const { runtime, provider } = await createTestRuntime({ plugins: [plugin], script: [{ text: 'yes' }] })
  try {
    const session = await runtime.newSession({ workingDir: folder, systemPrompt: 'You are a parrot.' })
    await session.submitTurn('one').orThrow()
    expect(provider.requests[0]!.system.map(({ text }) => text)).toEqual([
      'You are a parrot.',
      `# Instructions from ${join(folder, 'AGENTS.md')}\n\nBe kind.`,
    ])
  } finally {
    await runtime.shutdown()
  }
})
