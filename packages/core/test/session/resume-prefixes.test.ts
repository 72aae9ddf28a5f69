// Whatever prefix of a log a dead process leaves behind, resume makes it whole: promise 9.
import { MODEL_APIS } from '../../../testkit/src/transcript-rules.ts'
import { isStored, type StoredEvent } from '@halter/protocol'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arbitraryPrefix } from '../../../protocol/test/support/arbitrary-log.ts'
import { withRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'
import { storeWith } from './support/stored-logs.ts'
import { tool } from './support/tools.ts'

describe('every prefix of a log', () => {
  test('that a generator thought of resumes to a transcript that model APIs take', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryPrefix(), async (prefix) => {
        await resumeAndGoOn(prefix)
      }),
      { numRuns: 150 },
    )
    expect(MODEL_APIS.length).toBeGreaterThanOrEqual(3)
  })

  test.each(['close', 'continue'] as const)(
    'that the runtime itself has written resumes with %s',
    async (interrupted) => {
      const log = await recorded()
      const kinds = new Set(log.map(({ type }) => type))
      for (const kind of [
        'toolCall.started',
        'approval.requested',
        'compaction.applied',
        'turn.failed',
        'context.injected',
      ])
        expect(kinds).toContain(kind)
      for (let length = 1; length <= log.length; length++)
        await resumeAndGoOn(log.slice(0, length), interrupted)
    },
  )
})

/**
 * Resumes a log, looks at what was added, and runs a turn on top. The runtime's own checks (whole log, one end per turn, valid
 * transcript) run when it closes.
 */
async function resumeAndGoOn(
  prefix: readonly StoredEvent[],
  interrupted: 'close' | 'continue' = 'close',
): Promise<void> {
  const { store, id } = await storeWith(prefix)
  const ran: string[] = []
  const tools = ['look', 'act', 'ask'].map((name) =>
    tool(name, () => void ran.push(name), { effects: name === 'look' ? 'none' : 'unsafe' }),
  )
  const started = new Map(
    prefix.flatMap((event) =>
      event.type === 'toolCall.started' ? [[event.callId, event.name] as const] : [],
    ),
  )
  await withRuntime({ store, script: () => ({ text: 'on we go' }) }, async ({ runtime }) => {
    const session = (await runtime.resume(id, { tools, approve: () => 'once', interrupted }))!
    await session.submitTurn('go on', { model: 'test' }).result
    const log = await logOf(runtime, id)
    const added = log.slice(prefix.length)
    expect(log.slice(0, prefix.length)).toEqual(prefix)
    expect(added.filter(({ type }) => type === 'session.resumed')).toHaveLength(1)
    expect(added.every(isStored)).toBe(true)
    if (interrupted === 'close') expect(ran).toEqual([])
    else expectNoSecondEffect(ran, [...started.values()], prefix)
  })
}

/** An unsafe tool whose call had started, and was not answered, does not run again. */
function expectNoSecondEffect(
  ran: readonly string[],
  started: readonly string[],
  prefix: readonly StoredEvent[],
): void {
  const asked = prefix.flatMap((event) =>
    event.type === 'message.appended' && event.message.role === 'assistant'
      ? event.message.parts.flatMap((part) => (part.kind === 'toolCall' ? [part.name] : []))
      : [],
  )
  const count = (names: readonly string[], name: string): number =>
    names.filter((each) => each === name).length
  for (const name of ['act', 'ask'])
    expect(count(ran, name) + count(started, name)).toBeLessThanOrEqual(count(asked, name))
}

/** A log with a bit of everything: tools in parallel, a denied and a malformed call, steering, a compaction, an interrupt. */
async function recorded(): Promise<readonly StoredEvent[]> {
  const script = [
    {
      text: 'looking',
      thinking: 'hm',
      toolCalls: [{ name: 'look' }, { name: 'look', id: 'b' }, { name: 'nope' }],
    },
    { toolCalls: [{ name: 'act' }, { name: 'ask' }, { name: 'act', rawInput: '{"cut' }] },
    { text: 'first done' },
    { text: ['half of ', 'a reply'], hangs: true },
    { text: 'third' },
  ]
  return withRuntime({ script, plugins: [] }, async ({ runtime }) => {
    const ask = tool('ask', () => 'asked', {
      effects: 'unsafe',
      needsApproval: () => ({ reason: 'it asks' }),
    })
    const act = tool('act', () => 'acted', { effects: 'unsafe' })
    const look = tool('look', async (_, { session: port }) => port.inject('seen').then(() => 'looked'))
    const session = await runtime.newSession({ tools: [look, act, ask], approve: () => 'once' })
    const first = session.submitTurn('one')
    session.steer('and this')
    await first.result
    const second = session.submitTurn('two')
    for await (const event of second) if (event.type === 'text.delta' && event.offset > 0) break
    await session.interrupt()
    await session.notify('note', 'between')
    await session.submitTurn('three').result
    const log = await logOf(runtime, session.id)
    return [...log, compaction(log)]
  })
}

/** As a context manager would have it recorded: the first exchange leaves the window. */
function compaction(log: readonly StoredEvent[]): StoredEvent {
  const messages = log.filter((event) => event.type === 'message.appended')
  const second = messages.findLastIndex(({ message }) => message.role === 'user')
  const to = messages[second]!.seq - 1
  const { seq, at, sessionId } = log.at(-1)!
  const outcome = {
    trigger: 'manual',
    droppedSeqs: [{ from: 1, to }],
    summary: 'before',
    tokensBefore: 9,
    tokensAfter: 1,
  }
  return { sessionId, seq: seq + 1, at, v: 1, type: 'compaction.applied', ...outcome } as StoredEvent
}
