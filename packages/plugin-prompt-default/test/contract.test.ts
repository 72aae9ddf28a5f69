import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, test, vi } from 'vitest'
import { expectStablePrefix, testPromptAssembler } from '@halter/testkit'
import plugin, { DefaultPromptAssembler } from '../src/index.ts'

beforeEach(() => {
  vi.stubEnv('HALTER_HOME', join(tmpdir(), 'halter-no-such-home'))
})
afterEach(() => {
  vi.unstubAllEnvs()
})

testPromptAssembler('the default assembler', {
  create: () =>
    new DefaultPromptAssembler({ systemPrompt: 'You are helpful.', appendSystemPrompt: 'And kind.' }),
})

test('the plugin keeps the prefix of a session byte for byte, whatever day and branch it is', async () => {
  await expectStablePrefix([plugin])
  await expectStablePrefix([[plugin, { preset: 'general', appendSystemPrompt: 'And kind.' }]])
})
