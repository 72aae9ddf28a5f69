import type { ToolMessage } from '@halter/protocol'
import { sizeOf, type PlayedSession } from '@halter/testkit'
import { describe, expect, test } from 'vitest'
import { DefaultContextManager } from '../src/context-manager.ts'
import { known, play, words } from './played.ts'

describe('row 139, W-18: old and large tool outputs are cleared first', () => {
  test('they leave a marker that says how to get them back; nothing leaves the window, and no model is asked', async () => {
    const session = play()
    const manager = new DefaultContextManager()
    await readMuch(session, manager, 6)
    expect(session.compactions).toMatchObject([
      {
        droppedSeqs: [],
        summary: '',
        reason: expect.stringMatching(/^large tool outputs up to event \d+ are cleared$/),
      },
    ])
    expect(session.requests).toEqual([])
    const [first] = await outputs(session, manager)
    expect(first).toMatch(
      /^\[An output of about 12\d\d tokens was here\. It is cleared to make room\. Call recall_output with \{"id":"id\d+-0-result"\}, or read again, to see it\.\]$/,
    )
    const whole = session.state.transcript.slice().filter((message) => message.role === 'tool')
    expect(textOf(whole[0]!)).toContain('output 0')
  })

  test('small ones stay, the newest stay, and so do those of tools that are named', async () => {
    const session = play()
    const manager = new DefaultContextManager({ keepOutputsOf: ['plan'] })
    session.say('go')
    session.reply('', [{ name: 'plan', output: words(500, 'plan') }, { output: 'a small one' }])
    await readMuch(session, manager, 5)
    const shown = await outputs(session, manager)
    expect(shown[0]).toContain('plan plan')
    expect(shown[1]).toBe('a small one')
    expect(shown[2]).toContain('It is cleared')
    expect(shown.at(-1)).toContain('output 4')
  })

  test('the size that is said to be left is the size that is left', async () => {
    const session = play()
    const manager = new DefaultContextManager()
    await readMuch(session, manager, 6)
    const plan = await session.step(manager)
    expect(Math.abs(plan.estimatedTokens - sizeOf(plan))).toBeLessThan(100)
  })

  test('a provider that reports nothing is taken to have seen what was shown', async () => {
    const session = play({ report: () => undefined })
    const manager = new DefaultContextManager()
    session.say('read it all')
    for (let step = 0; step < 30; step++) {
      const plan = await session.step(manager)
      expect(Math.abs(plan.estimatedTokens - sizeOf(plan))).toBeLessThan(1500)
      session.reply('', [{ output: `output ${step} ${words(1250)}` }])
    }
    expect(session.compactions.length).toBeLessThan(20)
  })

  test('without the tool that recalls, the marker says to run the tool again', async () => {
    const session = play()
    const manager = new DefaultContextManager({ recall: false })
    await readMuch(session, manager, 6)
    expect((await outputs(session, manager))[0]).toMatch(/Call read again to see it\.\]$/)
  })

  test('pictures count, and are cleared', async () => {
    const session = play({ info: { window: 20_000 } })
    const manager = new DefaultContextManager()
    session.say('look at these')
    for (let count = 0; count < 14; count++) {
      session.reply('', [{ name: 'screenshot' }], [])
      const callId = [...session.state.openCalls.keys()][0]!
      const picture = { kind: 'image' as const, mediaType: 'image/png', data: 'AAAA' }
      const finished = {
        turnId: 't',
        callId,
        outcome: 'ok' as const,
        messageId: `m${count}`,
        parts: [picture],
      }
      session.append({ type: 'toolCall.finished', ...finished })
      await session.step(manager)
    }
    expect(session.compactions[0]).toMatchObject({ droppedSeqs: [] })
    const kinds = (await toolMessages(session, manager)).map(({ parts }) => parts[0]!.kind)
    expect([kinds[0], kinds.at(-1)]).toEqual(['text', 'image'])
  })

  test('what was cleared is remembered by the log, up to which event', async () => {
    const session = play()
    await readMuch(session, new DefaultContextManager(), 6)
    expect(known(session).clearedThrough).toBeGreaterThan(0)
    const [first] = await outputs(session, new DefaultContextManager())
    expect(first).toContain('It is cleared')
  })
})

describe('an output that is larger than a share of the window', () => {
  test('shows its beginning and its end from the first time on, and how to see the rest', async () => {
    const session = play()
    const manager = new DefaultContextManager()
    session.say('go')
    session.reply('', [{ output: `begin ${words(5000)} end` }])
    const [before] = await outputs(session, manager)
    expect(before).toMatch(
      /^begin .*\n\[… \d+ of 18\d\d\d characters left out: more than fits\. Call recall_output with \{"id":"id\d+-0-result"\} to see them\. …\]\n.* end$/s,
    )
    const plan = await session.step(manager)
    expect(sizeOf(plan)).toBeLessThan(2500)
    expect(Math.abs(plan.estimatedTokens - sizeOf(plan))).toBeLessThan(250)
    session.reply('seen')
    session.say('and now?')
    expect((await outputs(session, manager))[0]).toBe(before)
  })

  test('no character is halved', async () => {
    const session = play()
    session.say('go')
    session.reply('', [{ output: '👩‍👩‍👧'.repeat(3000) }])
    const [shown] = await outputs(session, new DefaultContextManager())
    expect(shown!.isWellFormed()).toBe(true)
  })
})

/** Steps of one turn that read about 1,250 tokens each. */
async function readMuch(
  session: PlayedSession,
  manager: DefaultContextManager,
  steps: number,
): Promise<void> {
  if (session.newestPrompt === undefined) session.say('read it all')
  for (let step = 0; step < steps; step++) {
    await session.step(manager)
    session.reply('', [{ input: { file_path: `${step}` }, output: `output ${step} ${words(1250)}` }])
  }
  await session.step(manager)
}

async function toolMessages(
  session: PlayedSession,
  manager: DefaultContextManager,
): Promise<readonly ToolMessage[]> {
  const { messages } = await session.step(manager)
  return [...messages].filter((message) => message.role === 'tool')
}

async function outputs(session: PlayedSession, manager: DefaultContextManager): Promise<readonly string[]> {
  return (await toolMessages(session, manager)).map(textOf)
}

function textOf({ parts }: ToolMessage): string {
  return parts.map((part) => (part.kind === 'text' ? part.text : part.kind)).join('\n')
}
