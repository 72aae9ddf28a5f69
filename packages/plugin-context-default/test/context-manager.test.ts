import type { Message, SessionState, Transcript } from '@halter/protocol'
import { checkTranscript } from '@halter/testkit'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DefaultContextManager } from '../src/context-manager.ts'
import { Session } from './play-session.ts'

const manager = new DefaultContextManager()
const never = new AbortController().signal

describe('plan', () => {
  test('shows the whole window as it is, without looking at a message', () => {
    const session = new Session()
    session.say('hello')
    session.append({ type: 'context.injected', id: 'i1', text: 'note', scope: 'session', plugin: 'p' })
    const messages: Transcript = { length: 3, at: refuse, slice: refuse, [Symbol.iterator]: refuse }
    const { injected } = session.state
    const { input } = session.input('')
    const plan = manager.plan({
      ...input,
      state: { transcript: messages, injected } as unknown as SessionState,
    })
    expect(plan.messages).toBe(messages)
    expect(plan.segments).toBe(injected)
    expect(plan.segments).toMatchObject([{ id: 'i1', text: 'note', stability: 'turn' }])
    expect(plan.estimatedTokens).toBe(5000)
    expect(plan).not.toHaveProperty('warning')
  })

  test('says what to do when the provider found the context too long', () => {
    const { input } = new Session().input('', { overflow: true })
    expect(manager.plan(input).warning).toMatch(/too long for the model\. Compact/)
  })
})

describe('compactNow', () => {
  test('replaces everything before the newest prompt by a summary', async () => {
    const session = twoTurns()
    const { input, requests } = session.input('<analysis>hm</analysis>\n<summary>\nThey spoke.\n</summary>')
    const result = await manager.compactNow({ trigger: 'manual' }, input, never)
    expect(result).toMatchObject({
      outcome: {
        trigger: 'manual',
        tokensBefore: 5000,
        summary: expect.stringMatching(/replaced by this summary.*\n\nThey spoke\.$/s),
      },
      usage: { inputTokens: 10, outputTokens: 5 },
    })
    // The summary is about as long as what it stands for: nothing else is added or forgotten.
    expect(Math.abs(result!.outcome.tokensAfter - 5000)).toBeLessThan(30)
    session.append({ type: 'compaction.applied', ...result!.outcome })
    expect(show(session)).toEqual([
      'user/compaction',
      'user: and now?',
      'assistant: later',
      'tool',
      'user/hook',
    ])
    expect(requests).toHaveLength(1)
  })

  test('gives the model the older messages as text, and nothing it could mistake for its own turn', async () => {
    const { input, requests } = twoTurns().input('fine')
    await manager.compactNow({ trigger: 'manual', instructions: ' keep the names ' }, input, never)
    const { system, messages, tools, purpose, maxOutputTokens, model } = requests[0]!
    expect({ tools, purpose, maxOutputTokens, model }).toEqual({
      tools: [],
      purpose: 'compaction',
      maxOutputTokens: 4000,
      model: 'm',
    })
    expect(system).toHaveLength(1)
    expect(system[0]!.text).toMatch(/<summary>.*\n\nkeep the names$/s)
    const text = textAt(messages.at(0)!)
    expect(messages.length).toBe(1)
    expect(text).toContain('[1. user, 5 characters]\nhello')
    expect(text).toContain('calls read with {"file_path":"0"}')
    expect(text).toMatch(/\[3\. result of read, \d+ characters\]\nresult id3-0/)
    expect(text).not.toContain('and now?')
  })

  test('instructions of options, caller and hooks are added once each, blank ones not at all', async () => {
    const { input, requests } = twoTurns().input('fine', {
      beforeCompaction: async () => ({ instructions: 'C' }),
    })
    const strict = new DefaultContextManager({ compactionPrompt: 'PROMPT', compactionInstructions: 'A' })
    await strict.compactNow({ trigger: 'manual', instructions: 'C' }, input, never)
    expect(requests[0]!.system[0]!.text).toBe('PROMPT\n\nA\n\nC')
    await strict.compactNow({ trigger: 'manual', instructions: ' \n' }, input, never)
    expect(requests[1]!.system[0]!.text).toBe('PROMPT\n\nA\n\nC')
  })

  test("a hook's summary is taken, and no model is asked", async () => {
    const { input, requests } = twoTurns().input('never', {
      beforeCompaction: async () => ({ summary: 'from the hook' }),
    })
    const result = await manager.compactNow({ trigger: 'manual' }, input, never)
    expect(result!.outcome.summary).toContain('from the hook')
    expect(result).not.toHaveProperty('usage')
    expect(requests).toEqual([])
  })

  test('a hook that keeps the long context stops it', async () => {
    const { input, requests } = twoTurns().input('never', { beforeCompaction: async () => undefined })
    expect(await manager.compactNow({ trigger: 'manual' }, input, never)).toBeUndefined()
    expect(requests).toEqual([])
  })

  test('nothing before the newest prompt, or only an earlier summary, is nothing to compact, and no hook is asked', async () => {
    const asked = { beforeCompaction: refuse }
    const session = new Session()
    expect(
      await manager.compactNow({ trigger: 'manual' }, session.input('', asked).input, never),
    ).toBeUndefined()
    session.say('hello')
    session.reply('hi', 2)
    expect(
      await manager.compactNow({ trigger: 'manual' }, session.input('', asked).input, never),
    ).toBeUndefined()
    session.say('again')
    const result = await manager.compactNow({ trigger: 'manual' }, session.input('sum').input, never)
    session.append({ type: 'compaction.applied', ...result!.outcome })
    expect(show(session)).toEqual(['user/compaction', 'user: again'])
    expect(
      await manager.compactNow({ trigger: 'manual' }, session.input('', asked).input, never),
    ).toBeUndefined()
  })

  test.each([
    [
      'a reply that was cut off',
      { stopReason: 'max-output' as const, parts: [{ kind: 'text' as const, text: 'half' }] },
      'cut off',
    ],
    ['an empty reply', { parts: [] }, 'wrote no summary'],
    [
      'nothing but an analysis',
      { parts: [{ kind: 'text' as const, text: '<analysis>a</analysis>' }] },
      'wrote no summary',
    ],
    [
      'a refusal',
      { stopReason: 'refused' as const, parts: [{ kind: 'text' as const, text: 'I will not' }] },
      'wrote no summary',
    ],
  ])('%s is an error that names the model, and nothing is dropped', async (_, reply, message) => {
    const { input } = twoTurns().input(reply)
    const error = await manager
      .compactNow({ trigger: 'manual' }, input, never)
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'ERR_MODEL_FAILED', message: expect.stringContaining(message) })
    expect((error as Error).message).toContain('"models/m"')
  })

  test('what the model call fails with is what it fails with', async () => {
    const failure = new Error('overloaded')
    const { input } = twoTurns().input('', { callModel: () => Promise.reject(failure) })
    await expect(manager.compactNow({ trigger: 'manual' }, input, never)).rejects.toBe(failure)
  })

  test('an aborted signal ends the waiting at once, whoever is waited for', async () => {
    const hang = () => new Promise<never>(() => {})
    for (const hanging of [{ callModel: hang }, { beforeCompaction: hang }]) {
      const controller = new AbortController()
      const { input } = twoTurns().input('', hanging)
      const waiting = manager.compactNow({ trigger: 'manual' }, input, controller.signal)
      const reason = new Error('stop')
      setTimeout(() => controller.abort(reason), 5)
      await expect(waiting).rejects.toBe(reason)
    }
  })

  test('law: any log, cut again and again, keeps calls with results, the newest prompt, and order', async () => {
    const reply = fc.record({
      do: fc.constant('reply' as const),
      calls: fc.nat({ max: 3 }),
      isReversed: fc.boolean(),
    })
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constant('say' as const) }) },
      { weight: 4, arbitrary: reply },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('note' as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('steer' as const) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('compact' as const) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const session = new Session()
        session.say('first')
        for (const [index, each] of steps.entries()) {
          if (each.do === 'say') session.say(`prompt ${index}`)
          else if (each.do === 'note')
            session.append({ type: 'notification.raised', kind: 'k', message: 'm' })
          else if (each.do === 'steer') session.say(`steer ${index}`, 'steer')
          else if (each.do === 'reply') {
            if (session.state.transcript.at(-1)?.role === 'assistant') continue // not two replies in a row
            const order = Array.from({ length: each.calls }, (_, call) => call)
            session.reply(`reply ${index}`, each.calls, each.isReversed ? order.reverse() : order)
          } else await compactAndCheck(session)
        }
      }),
      { numRuns: 150 },
    )
  })
})

async function compactAndCheck(session: Session): Promise<void> {
  const before = session.state.transcript.slice()
  const result = await manager.compactNow({ trigger: 'manual' }, session.input('S').input, never)
  const newest = before.findLastIndex((message) => message.role === 'user' && message.origin !== 'compaction')
  if (!result) {
    expect(
      before.slice(0, newest).every((message) => message.role === 'user' && message.origin === 'compaction'),
    ).toBe(true)
    return
  }
  const { droppedSeqs } = result.outcome
  for (const [index, range] of droppedSeqs.entries()) {
    expect(range.to).toBeGreaterThanOrEqual(range.from)
    expect(range.from).toBeGreaterThan(droppedSeqs[index - 1]?.to ?? 0)
  }
  session.append({ type: 'compaction.applied', ...result.outcome })
  const after = session.state.transcript.slice()
  expect(after[0]).toMatchObject({ role: 'user', origin: 'compaction' })
  expect(after.slice(1)).toEqual(before.slice(newest))
  expect(checkTranscript(after)).toEqual([])
}

function twoTurns(): Session {
  const session = new Session()
  session.say('hello')
  session.reply('looking', 2)
  session.reply('done')
  session.say('and now?')
  session.reply('later', 1)
  session.say('by the way', 'hook')
  return session
}

function show(session: Session): readonly string[] {
  return session.state.transcript.slice().map((message) => {
    if (message.role === 'tool') return 'tool'
    if (message.role === 'user' && message.origin !== undefined) return `user/${message.origin}`
    return `${message.role}: ${textAt(message)}`
  })
}

function textAt(message: Message): string {
  const part = message.parts[0]
  return part?.kind === 'text' ? part.text : ''
}

function refuse(): never {
  throw new Error('this must not be asked for')
}
