import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { eventsOf, sessionsOf } from './families.ts'
import { jsonLines, place, says } from './halter.ts'

const long = `scripted/${fileURLToPath(new URL('../../../examples/scripts/long.json', import.meta.url))}`

interface Fork {
  readonly sessionId: string
  readonly from: string
  readonly at: number
}

test('undo-compaction is a fork just before the newest compaction, and again before the one before it', async () => {
  const at = place({ 'README.md': '# Here\n\nThis is what is here.\n', 'script.json': says('ok') })
  for (const more of [[], ['--continue']])
    expect((await at.halter(['run', ...more, '--model', long, 'Make a plan.'])).code).toBe(0)
  const from = (await sessionsOf(at))[0]!.sessionId
  const before = await eventsOf(at, from)
  const compactions = before.filter(({ type }) => type === 'compaction.applied').map(({ seq }) => seq)
  expect(compactions.length).toBeGreaterThanOrEqual(2)

  const undone: Fork[] = []
  for (const source of [from, undefined]) {
    const { code, stdout } = await at.halter([
      'sessions',
      'undo-compaction',
      source ?? undone.at(-1)!.sessionId,
      '--json',
    ])
    expect(code).toBe(0)
    undone.push(...jsonLines<Fork>(stdout))
  }
  expect(undone.map((fork) => fork.at)).toEqual([compactions.at(-1)! - 1, compactions.at(-2)! - 1])
  expect(undone[0]).toMatchObject({ from })
  const events = await eventsOf(at, undone[0]!.sessionId)
  expect(events.filter(({ type }) => type === 'compaction.applied')).toHaveLength(compactions.length - 1)
  expect(await eventsOf(at, from)).toEqual(before)
  expect((await at.halter(['sessions', 'verify', '--all'])).code).toBe(0)
  const goOn = ['run', '--model', 'scripted/script.json', '--session', undone[0]!.sessionId, 'Go on.']
  expect((await at.halter(goOn)).code).toBe(0)
})

test('undo-compaction of a session that was never compacted says so, and makes nothing', async () => {
  const at = place({ 'script.json': says('ok') })
  await at.halter(['run', '--model', 'scripted/script.json', 'hello'])
  const { sessionId } = (await sessionsOf(at))[0]!
  const { code, stdout, stderr } = await at.halter(['sessions', 'undo-compaction', sessionId])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(`Session ${sessionId} was never compacted`)
  expect(await sessionsOf(at)).toHaveLength(1)
})
