import { isHalterError, type ModelPart } from '@halter/core'
import { transcript, type Message, type Transcript } from '@halter/protocol'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Script, ScriptedReply } from '../src/script.ts'
import { ScriptedProvider } from '../src/scripted-provider.ts'
import { contentOf, play, request, userMessage } from './play.ts'

describe('a reply', () => {
  test('streams thinking, text and tool calls as blocks, then usage, then its end', async () => {
    const parts = await play(
      playing({
        replies: [
          {
            warning: 'careful',
            metadata: { region: 'x' },
            thinking: ['a', 'b'],
            text: ['one ', 'two'],
            toolCalls: [{ name: 'read', input: { file_path: 'README.md' }, id: 'c1' }],
            usage: { inputTokens: 10, outputTokens: 3, cacheReadTokens: 4 },
          },
        ],
      }),
    )
    expect(parts.filter(({ type }) => type !== 'toolInput.delta')).toEqual([
      { type: 'warning', message: 'careful' },
      { type: 'metadata', data: { region: 'x' } },
      { type: 'thinking.start', id: 'thinking' },
      { type: 'thinking.delta', id: 'thinking', text: 'a' },
      { type: 'thinking.delta', id: 'thinking', text: 'b' },
      { type: 'thinking.end', id: 'thinking' },
      { type: 'text.start', id: 'text' },
      { type: 'text.delta', id: 'text', text: 'one ' },
      { type: 'text.delta', id: 'text', text: 'two' },
      { type: 'text.end', id: 'text' },
      { type: 'toolInput.start', id: 'call-0', callId: 'c1', name: 'read' },
      { type: 'toolInput.end', id: 'call-0' },
      { type: 'usage', usage: { inputTokens: 10, outputTokens: 3, cacheReadTokens: 4 } },
      { type: 'end', stopReason: 'tool-calls' },
    ])
    expect(contentOf(parts).toolInput).toBe('{"file_path":"README.md"}')
  })

  test('the input of a tool call comes in a few pieces, malformed text as it was written', async () => {
    const replies = [{ toolCalls: [{ name: 'a', rawInput: '{"file_path": "x' }, { name: 'b' }] }]
    const parts = await play(playing({ replies }))
    expect(parts.filter(({ type }) => type === 'toolInput.delta').length).toBeGreaterThan(2)
    expect(contentOf(parts).toolInput).toBe('{"file_path": "x{}')
  })

  test('its stop reason can be stated', async () => {
    const parts = await play(playing({ replies: [{ text: 'cut of', stopReason: 'max-output' }] }))
    expect(parts.at(-1)).toEqual({ type: 'end', stopReason: 'max-output' })
  })

  test('law: whatever a reply holds, its blocks open, fill and close, and their text is what was written', async () => {
    const words = fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.string({ unit: 'binary' })))
    const reply = fc.record(
      {
        text: words,
        thinking: words,
        toolCalls: fc.array(fc.record({ name: fc.string({ minLength: 1 }), input: fc.jsonValue() }), {
          maxLength: 3,
        }),
      },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(reply, async (reply) => {
        const parts = await play(playing({ replies: [reply as ScriptedReply] }))
        const content = contentOf(parts)
        expect(content.text).toBe([reply.text ?? ''].flat().join(''))
        expect(content.thinking).toBe([reply.thinking ?? ''].flat().join(''))
        expect(content.toolInput).toBe(
          (reply.toolCalls ?? []).map(({ input }) => JSON.stringify(input)).join(''),
        )
        expect(new Set(content.calls.map(({ callId }) => callId)).size).toBe(reply.toolCalls?.length ?? 0)
        expectWellFormed(parts)
      }),
      { numRuns: 60 },
    )
  })
})

describe('the cursor', () => {
  test('each call takes the next reply, and each session and model begins at the first', async () => {
    const script: Script = { replies: [{ text: 'one' }, { text: 'two' }] }
    const provider = new ScriptedProvider({ scripts: { x: script, y: script } })
    expect(await texts(provider, 2)).toEqual(['one', 'two'])
    expect(contentOf(await play(provider, request({ sessionId: 'other' }))).text).toBe('one')
    expect(contentOf(await play(provider, request({ model: 'scripted/y' }))).text).toBe('one')
  })

  test('a script that has run out is an error that names it and how many replies it has', async () => {
    const provider = playing({ replies: [{ text: 'one' }] })
    await play(provider)
    const error = await failure(play(provider))
    expect(error).toMatchObject({ code: 'ERR_MODEL_FAILED', kind: 'invalid-request', retryable: false })
    expect(error.message).toMatch(/script "x" has no reply left for a call for "turn": each of its 1 /)
  })

  test('with loop it begins again', async () => {
    const provider = playing({ loop: true, replies: [{ text: 'tick' }, { text: 'tock' }] })
    expect(await texts(provider, 5)).toEqual(['tick', 'tock', 'tick', 'tock', 'tick'])
  })

  test('a reply with a condition waits for a call that fits, and others pass it by', async () => {
    const provider = playing({
      replies: [
        { when: { purpose: 'compaction' }, text: 'summary' },
        { when: { agent: 'tester' }, text: 'for the tester' },
        { text: 'for anyone' },
        { when: { purpose: 'turn' }, text: 'for turns' },
      ],
    })
    const ask = async (given: Parameters<typeof request>[0]) =>
      contentOf(await play(provider, request(given))).text
    expect(await ask({})).toBe('for anyone')
    expect(await ask({})).toBe('for turns')
    expect(await ask({ purpose: 'compaction' })).toBe('summary')
    expect((await failure(ask({ agent: 'writer' }))).message).toContain('of the agent "writer"')
    expect(await ask({ agent: 'tester' })).toBe('for the tester')
  })

  test('law: in one pass every reply is used at most once, in order among those that fit', async () => {
    const purposes = fc.constantFrom('turn', 'compaction', 'hook')
    const when = fc.option(fc.record({ purpose: purposes }), { nil: undefined })
    await fc.assert(
      fc.asyncProperty(
        fc.array(when, { maxLength: 8 }),
        fc.array(purposes, { maxLength: 20 }),
        async (whens, calls) => {
          const replies = whens.map((when, index) => ({ text: String(index), ...(when && { when }) }))
          const provider = playing({ replies })
          const left = replies.map((_, index) => index)
          for (const purpose of calls) {
            const expected = left.find((index) => (whens[index]?.purpose ?? purpose) === purpose)
            const played = await play(provider, request({ purpose })).catch(() => undefined)
            expect(played && contentOf(played).text).toBe(
              expected === undefined ? undefined : String(expected),
            )
            if (expected !== undefined) left.splice(left.indexOf(expected), 1)
          }
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('ids of tool calls', () => {
  test('are unique in a session, also when a new process plays the same script again', async () => {
    const script: Script = { loop: true, replies: [{ toolCalls: [{ name: 'a' }, { name: 'a' }] }] }
    const ids = new Set<string>()
    const messages: Message[] = [userMessage('go', 'm0')]
    for (let run = 0; run < 2; run++) {
      const provider = playing(script)
      for (let call = 0; call < 3; call++) {
        for (const { callId } of contentOf(await play(provider, request({ messages }))).calls) ids.add(callId)
        messages.push(userMessage('next', `m${messages.length}`))
      }
    }
    expect(ids.size).toBe(12)
    for (const id of ids) expect(id).toMatch(/^[\w-]{1,64}$/)
  })

  test('are the same when the same call is made again from the same transcript', async () => {
    const script: Script = { replies: [{ toolCalls: [{ name: 'a' }] }] }
    const first = await play(playing(script))
    expect(await play(playing(script))).toEqual(first)
  })
})

describe('failures', () => {
  test('a plain error is a wrong request, which nobody tries again', async () => {
    const error = await failure(play(playing({ replies: [{ error: 'No.' }] })))
    expect(error).toMatchObject({ message: 'No.', kind: 'invalid-request', retryable: false })
  })

  test.each([
    ['overloaded', true],
    ['rate-limited', true],
    ['transient', true],
    ['auth', false],
    ['context-too-long', false],
  ] as const)('an error of the kind %s says whether trying again can help: %s', async (kind, retryable) => {
    const replies = [{ error: { kind, message: 'm', retryAfterMs: 70 } }, { text: 'better' }]
    const provider = playing({ replies })
    expect(await failure(play(provider))).toMatchObject({ kind, retryable, retryAfterMs: 70 })
    expect(await texts(provider, 1)).toEqual(['better'])
  })

  test('what comes before an error is streamed, and there is no end', async () => {
    const parts: ModelPart[] = []
    const streaming = (async () => {
      const provider = playing({
        replies: [{ text: 'half', error: 'broke', usage: { inputTokens: 1, outputTokens: 1 } }],
      })
      for await (const part of provider.stream(request(), new AbortController().signal)) parts.push(part)
    })()
    await expect(streaming).rejects.toThrow('broke')
    expect(parts.map(({ type }) => type)).toEqual(['text.start', 'text.delta', 'text.end', 'usage'])
  })

  test('a call that is already cancelled gives nothing and uses up no reply', async () => {
    const provider = playing({ replies: [{ text: 'one' }] })
    const reason = new Error('stop')
    expect(await failure(play(provider, request(), AbortSignal.abort(reason)))).toMatchObject({
      kind: 'cancelled',
      cause: reason,
    })
    expect(await texts(provider, 1)).toEqual(['one'])
  })
})

describe('delays', () => {
  test('stand before every delta', async () => {
    const provider = playing({ replies: [{ delayMs: 20, thinking: 'a', text: ['b', 'c'] }] })
    const before = performance.now()
    await play(provider)
    expect(performance.now() - before).toBeGreaterThanOrEqual(58)
  })

  test('stand once before the end or the failure of a reply without deltas', async () => {
    const provider = playing({ replies: [{ delayMs: 100 }, { delayMs: 100, error: 'no' }] })
    for (const settled of [() => play(provider), () => failure(play(provider))]) {
      const before = performance.now()
      await settled()
      expect(performance.now() - before).toBeGreaterThanOrEqual(99)
      expect(performance.now() - before).toBeLessThan(190)
    }
  })

  test('end at once when the call is cancelled', async () => {
    const controller = new AbortController()
    const provider = playing({ replies: [{ delayMs: 60_000, text: 'late' }] })
    const playing_ = failure(play(provider, request(), controller.signal))
    setTimeout(() => controller.abort(), 10)
    const before = performance.now()
    expect(await playing_).toMatchObject({ kind: 'cancelled' })
    expect(performance.now() - before).toBeLessThan(500)
  })
})

describe('usage', () => {
  test('is estimated where the script states none, and grows with what was said', async () => {
    const provider = playing({ loop: true, replies: [{ text: 'x'.repeat(40) }] })
    const messages = [userMessage('y'.repeat(400))]
    const first = contentOf(await play(provider, request({ messages }))).usage!
    expect(first).toEqual({ inputTokens: 104, outputTokens: 10 })
    messages.push(userMessage('z'.repeat(40)))
    expect(contentOf(await play(provider, request({ messages }))).usage).toEqual({
      inputTokens: 118,
      outputTokens: 10,
    })
    // Compacted: what is left counts.
    expect(contentOf(await play(provider, request({ messages: messages.slice(1) }))).usage?.inputTokens).toBe(
      14,
    )
  })

  test('what was cleared where it stood counts no more, and what stands for it counts', async () => {
    const provider = playing({ loop: true, replies: [{ text: 'ok' }] })
    const messages = [
      userMessage('y'.repeat(4_000)),
      userMessage('z'.repeat(8_000), 'u2'),
      userMessage('small'),
    ]
    const inputs = async (...shown: readonly Message[]) =>
      contentOf(await play(provider, request({ messages: shown }))).usage!.inputTokens
    const before = await inputs(...messages)
    const [, second, third] = messages as [Message, Message, Message]
    const cleared = userMessage('[cleared]')
    expect(before - (await inputs(cleared, second, third))).toBe(1_000 - 3)
    // Once: a call later it is where it was. And a shorter one may be shortened again.
    expect(before - (await inputs(cleared, second, third))).toBe(1_000 - 3)
    const shorter = userMessage('z'.repeat(4_000), 'u2')
    expect(before - (await inputs(cleared, shorter, third))).toBe(2_000 - 3)
    expect(before - (await inputs(cleared, cleared, third))).toBe(3_000 - 6)
  })

  test('can be stated in part', async () => {
    const provider = playing({ replies: [{ text: 'abcd', usage: { inputTokens: 7, costUsd: 0.5 } }] })
    expect(contentOf(await play(provider)).usage).toEqual({ inputTokens: 7, outputTokens: 1, costUsd: 0.5 })
  })

  test('a call costs the same however long the session is', async () => {
    const messages = Array.from({ length: 5000 }, (_, index) => userMessage('a long story', `m${index}`))
    let seen = 0
    const counting: Transcript = {
      length: messages.length,
      at: (index) => (seen++, transcript(messages).at(index)),
      slice: (start, end) => {
        const part = transcript(messages).slice(start, end)
        seen += part.length
        return part
      },
      [Symbol.iterator]: () => {
        throw new Error('the whole transcript was asked for')
      },
    }
    await play(playing({ replies: [{ text: 'ok' }] }), { ...request(), messages: counting })
    expect(seen).toBeLessThan(50)
  })
})

describe('models', () => {
  test('scripts and the demo are accepted, nothing else', () => {
    const provider = new ScriptedProvider()
    expect(['demo', 'scripted/a.json', 'scripted//abs/b.mjs'].every((id) => provider.accepts(id))).toBe(true)
    expect(['demo2', 'scripted', 'gpt-5', ''].some((id) => provider.accepts(id))).toBe(false)
  })

  test('a script states what its model is, and the rest has defaults', async () => {
    const prices = { input: 1, output: 2 }
    const provider = playing({ replies: [], info: { window: 500, prices } })
    expect(await provider.info('scripted/x')).toEqual({
      model: 'scripted/x',
      window: 500,
      maxOutput: 4096,
      prices,
      capabilities: { thinking: true },
    })
  })

  test('a function is asked for each reply, with the request and the number of the call', async () => {
    const provider = new ScriptedProvider({
      scripts: { x: async ({ messages }, { index }) => ({ text: `${index}: ${messages.length}` }) },
    })
    expect(await texts(provider, 2)).toEqual(['0: 1', '1: 1'])
  })

  test('a function that returns no reply is named, with what is wrong', async () => {
    const provider = new ScriptedProvider({ scripts: { x: () => ({ txet: 'oops' }) as ScriptedReply } })
    expect((await failure(play(provider))).message).toMatch(
      /function of the script "x" .* txet is not known here/,
    )
  })
})

function playing(script: Script): ScriptedProvider {
  return new ScriptedProvider({ scripts: { x: script } })
}

async function texts(provider: ScriptedProvider, calls: number): Promise<string[]> {
  const said: string[] = []
  for (let call = 0; call < calls; call++) said.push(contentOf(await play(provider)).text)
  return said
}

async function failure(promise: Promise<unknown>) {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!isHalterError(error, 'ERR_MODEL_FAILED')) throw new Error('no model error', { cause: error })
  return error
}

function expectWellFormed(parts: readonly ModelPart[]): void {
  const open = new Map<string, string>()
  for (const part of parts.slice(0, -1)) {
    if (part.type === 'usage') continue
    if (!('id' in part)) throw new Error(`unexpected ${part.type}`)
    const [kind, step] = part.type.split('.') as [string, string]
    if (step === 'start') {
      expect(open.has(part.id)).toBe(false)
      open.set(part.id, kind)
    } else expect(open.get(part.id)).toBe(kind)
    if (step === 'end') open.set(part.id, 'closed')
  }
  expect([...open.values()].every((state) => state === 'closed')).toBe(true)
  expect(parts.at(-1)?.type).toBe('end')
}
