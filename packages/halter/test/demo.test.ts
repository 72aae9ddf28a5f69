import { fileURLToPath } from 'node:url'
import type { SessionSummary } from '@halter/protocol'
import { expect, test } from 'vitest'
import { jsonLines, place, run } from './halter.ts'

const demo = fileURLToPath(new URL('../src/demo.ts', import.meta.url))
const refuseNetwork = new URL('refuse-network.mjs', import.meta.url).href

test('the demo shows a session, its events, a second runtime and the fold, and leaves the session behind', async () => {
  const at = place({
    'notes.md': 'Buy basalt.\n',
    'halter.config.mjs': 'throw new Error("configuration of the project ran")',
  })
  const { code, stdout, stderr } = await run([demo], at.cwd, at.home).finished
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  for (const part of [
    '> What is in this folder?',
    '● glob *',
    'Buy basalt.',
    'toolCall.started',
    at.home,
    '> And what else?',
    'the same state',
    'no problems',
  ])
    expect(stdout).toContain(part)

  const listed = await at.halter(['sessions', 'list', '--json'], { env: { HALTER_TRUST: '0' } })
  const [session] = jsonLines<SessionSummary>(listed.stdout)
  expect(session).toMatchObject({ title: 'Demo', turns: 2, status: 'idle', workingDir: at.cwd })
  expect(stdout).toContain(`sessions replay ${session!.sessionId}`)
})

test('the demo sends nothing anywhere, also where there are keys, and loads nothing that could', async () => {
  const at = place()
  const env = { ANTHROPIC_API_KEY: 'k', OPENAI_API_KEY: 'k', HALTER_MODEL: 'anthropic/claude-sonnet-5-5' }
  const { code, stdout, stderr } = await run(['--import', refuseNetwork, demo], at.cwd, at.home, { env })
    .finished
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain('model demo')
  // The guard itself works: the same keys, and a run that may use them.
  const bin = fileURLToPath(new URL('../src/bin.ts', import.meta.url))
  const asked = await run(
    ['--import', refuseNetwork, bin, 'run', '--max-turns', '1', 'Hi'],
    at.cwd,
    at.home,
    { env },
  ).finished
  expect(asked.stderr).toContain('It loaded ')
  expect(asked.stderr).toContain('It tried to reach the network.')
})
