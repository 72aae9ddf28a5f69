import { fileURLToPath } from 'node:url'
import type { SessionSummary } from '@halter/protocol'
import { expect, test } from 'vitest'
import { jsonLines, place, run } from './halter.ts'

const demo = fileURLToPath(new URL('../src/demo.ts', import.meta.url))

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
