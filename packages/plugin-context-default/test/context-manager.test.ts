import { HalterError, type ContextInput } from '@halter/core'
import { sizeOf, textOfPlan, type PlayedSession } from '@halter/testkit'
import { describe, expect, test } from 'vitest'
import { DefaultContextManager } from '../src/context-manager.ts'
import { known, play, roles, words } from './played.ts'

const manager = new DefaultContextManager()

describe('compacting by hand', () => {
  test('everything before the newest prompt gives way to a summary', async () => {
    const session = play({ summarise: () => '<analysis>hm</analysis>\n<summary>\nThey spoke.\n</summary>' })
    twoTurns(session)
    const result = await session.compact(manager)
    expect(result?.outcome).toMatchObject({
      trigger: 'manual',
      droppedSeqs: [{ from: 2, to: expect.any(Number) }],
      reason: expect.stringContaining('stands for 5 messages'),
    })
    expect(result!.outcome.summary).toMatch(
      /^The earlier part .* replaced by this summary of it\.\n\nThey spoke\./,
    )
    expect(roles(session)).toEqual(['compaction', 'user', 'assistant', 'tool', 'hook'])
  })

  test('the model gets the older messages as text, and nothing it could mistake for its own turn', async () => {
    const session = play()
    twoTurns(session)
    await session.compact(manager, ' keep the names ')
    const { system, messages, tools, purpose, maxOutputTokens, model } = session.requests[0]!
    expect({ tools, purpose, maxOutputTokens, model }).toEqual({
      tools: [],
      purpose: 'compaction',
      maxOutputTokens: 1000,
      model: 'm',
    })
    expect(system).toHaveLength(1)
    expect(system[0]!.text).toMatch(/<summary>.*\n\nkeep the names$/s)
    expect(messages.length).toBe(1)
    const text = JSON.stringify(messages.at(0)!.parts)
    expect(text).toContain('[1. user, 5 characters]\\nhello')
    expect(text).toContain('calls read with {\\"file_path\\":\\"0\\"}')
    expect(text).toContain('- [goal] hello')
    expect(text).not.toContain('and now?')
  })

  test('row 78: instructions of options, caller and hooks are added once each, blank ones not at all', async () => {
    const strict = new DefaultContextManager({ compactionPrompt: 'PROMPT', compactionInstructions: 'A' })
    const asked = async (instructions: string): Promise<string> => {
      const session = play({
        change: (input) => ({ ...input, beforeCompaction: async () => ({ instructions: 'C' }) }),
      })
      twoTurns(session)
      await session.compact(strict, instructions)
      return session.requests[0]!.system[0]!.text
    }
    expect(await asked('C')).toBe('PROMPT\n\nA\n\nC')
    expect(await asked(' \n')).toBe('PROMPT\n\nA\n\nC')
  })

  test('what says the least is left out of what is summarised, and the request fits the model', async () => {
    const session = play({ report: () => 100 })
    for (let turn = 0; turn < 30; turn++) {
      session.say(`question ${turn}`)
      session.reply('', [{ name: 'grep', output: words(250, `failed${turn}`), isError: true }])
      session.reply(words(60, `answer${turn}`))
    }
    session.say('newest')
    await session.compact(manager)
    const [request] = session.requests
    const text = JSON.stringify(request!.messages.at(0)!.parts)
    expect(text).toContain('calls grep; left out]')
    expect(text).toContain('[3. result of grep, failed, left out]')
    expect(text).not.toContain('failed0')
    expect(text).toContain('answer29')
    expect(text.length / 3.7 + request!.system[0]!.text.length / 3.7 + 1000).toBeLessThan(8000)
  })

  test.each([1, 3])(
    'a conversation that is larger than the window is still summarised: tokens count %d times',
    async (times) => {
      const session = play({ report: (tokens) => tokens * times })
      session.say('hello')
      session.reply('hi')
      await session.step(manager)
      for (let turn = 0; turn < 30; turn++) {
        session.say(words(1000, `question${turn}`))
        session.reply(words(1000, `answer${turn}`))
      }
      session.say('newest')
      await session.compact(manager)
      const [{ messages, system }] = session.requests as [(typeof session.requests)[0]]
      expect(JSON.stringify(messages.at(0)!.parts)).toContain('characters left out')
      expect(sizeOf({ messages, segments: system }) * times + 1000).toBeLessThan(8000)
    },
  )

  test('row 77: nothing but an earlier summary before the newest prompt is nothing to compact', async () => {
    const session = play()
    session.say('hello')
    session.reply('hi', [{}, {}])
    expect(await session.compact(manager)).toBeUndefined()
    session.say('again')
    expect(await session.compact(manager)).toBeDefined()
    expect(roles(session)).toEqual(['compaction', 'user'])
    expect(await session.compact(manager)).toBeUndefined()
    expect(session.requests).toHaveLength(1)
  })

  test('row 74: what the model call fails with is what it fails with, and nothing has changed', async () => {
    const failure = new Error('overloaded')
    const session = play({
      summarise: () => {
        throw failure
      },
    })
    twoTurns(session)
    const { head } = session.state
    await expect(session.compact(manager)).rejects.toBe(failure)
    expect(session.state.head).toBe(head)
  })

  test.each([
    ['was cut off at its longest', { stopReason: 'max-output' as const, parts: text('half') }],
    ['was empty', { parts: [] }],
    ['was empty', { parts: text('<analysis>nothing but that</analysis>') }],
    ['was refused by the model', { stopReason: 'refused' as const, parts: text('I will not') }],
  ])('a summary that %s gives way to a plain one', async (flaw, reply) => {
    const session = play({ summarise: () => reply })
    twoTurns(session)
    const { outcome } = (await session.compact(manager))!
    expect(outcome.reason).toContain(flaw)
    expect(outcome.summary).toContain('What was asked:\n- hello')
    expect(outcome.summary).toContain('read {"file_path":"0"}')
    expect(outcome.summary).not.toContain('half')
  })

  test('W-15, row 138: a conversation without a reply is compacted, all but the newest prompt', async () => {
    const session = play()
    for (let count = 1; count <= 12; count++) session.say(`prompt ${count}`)
    await session.compact(manager)
    expect(roles(session)).toEqual(['compaction', 'user'])
    expect(session.state.transcript.at(-1)).toMatchObject({ parts: text('prompt 12') })
  })

  test('an aborted signal ends the waiting at once, whoever is waited for', async () => {
    const hang = (): Promise<never> => new Promise(() => {})
    for (const hanging of [{ callModel: hang }, { beforeCompaction: hang }]) {
      const session = play()
      twoTurns(session)
      const controller = new AbortController()
      const waiting = manager.compactNow({ trigger: 'manual' }, session.input(hanging), controller.signal)
      const reason = new Error('stop')
      setTimeout(() => controller.abort(reason), 5)
      await expect(waiting).rejects.toBe(reason)
    }
  })
})

describe('compacting by itself', () => {
  test('W-16, row 138: older turns give way while the newest ones stay word for word', async () => {
    const session = play()
    await talk(session, 30)
    const [first] = session.compactions
    expect(first).toMatchObject({ trigger: 'auto' })
    expect(first!.tokensAfter).toBeLessThan(first!.tokensBefore / 2)
    expect(roles(session)[0]).toBe('compaction')
    const shown = textOfPlan(await session.step(manager))
    for (const turn of [30, 29, 28]) expect(shown).toContain(`question ${turn}`)
  })

  test('it runs at the share of the window, not before, and never lets the window overflow', async () => {
    const session = play()
    let largest = 0
    await talk(session, 60, (plan) => (largest = Math.max(largest, sizeOf(plan))))
    expect(session.compactions.length).toBeGreaterThan(2)
    for (const { tokensBefore } of session.compactions)
      expect(tokensBefore + 100).toBeGreaterThanOrEqual(6400)
    expect(largest).toBeLessThan(7000) // the window less the longest reply
  })

  test('row 68: it runs 100 tokens before the share is reached', async () => {
    for (const [estimatedTokens, calls] of [
      [6299, 0],
      [6300, 1],
    ] as const) {
      const session = play({ change: (input) => ({ ...input, estimatedTokens, estimatedFrom: 1 }) })
      talkAside(session, 15)
      await session.step(manager)
      expect(session.requests.length > 0 ? 1 : 0).toBe(calls)
    }
  })

  test('row 76: the turn after a compaction does not compact again', async () => {
    const session = play()
    while (session.compactions.length === 0) await talk(session, 1)
    await talk(session, 2)
    expect(session.compactions).toHaveLength(1)
  })

  test('W-22: it is done by the model of the turn, hooks are asked, and their instructions reach it', async () => {
    const triggers: string[] = []
    const session = play({
      change: (input) => ({
        ...input,
        model: { ...input.model, model: 'of-this-turn' },
        beforeCompaction: async (trigger) => {
          triggers.push(trigger)
          return { instructions: 'Mind the gap.' }
        },
      }),
    })
    await talk(session, 20)
    expect(triggers[0]).toBe('auto')
    expect(session.requests[0]!.model).toBe('of-this-turn')
    expect(session.requests[0]!.system[0]!.text).toMatch(/Mind the gap\.$/)
  })

  test('row 73: a model that is down costs one warning, and the turn goes on', async () => {
    const session = play({
      summarise: () => {
        throw new Error('overloaded')
      },
    })
    const warnings: string[] = []
    await talk(session, 24, ({ warning }) => warning !== undefined && warnings.push(warning))
    expect(warnings).toEqual(['The context could not be compacted, and stays as it is: overloaded'])
    expect(session.compactions).toEqual([])
    expect(session.requests.length).toBeLessThan(8) // not at every step
  })

  test('a context in which nothing can be left out is not compacted, and that is said once', async () => {
    const session = play()
    session.say(words(7000))
    const warnings: (string | undefined)[] = []
    for (let step = 0; step < 12; step++) {
      warnings.push((await session.step(manager)).warning)
      session.reply('', [{ output: 'ok' }])
    }
    expect(warnings.filter((warning) => warning !== undefined)).toEqual([
      expect.stringMatching(
        /takes about 7\d\d\d tokens, and is to be compacted at 6400, but nothing in it can be left out/,
      ),
    ])
    expect(session.requests).toEqual([])
  })

  test('a hook that keeps the long context is not asked at every step, and costs no warning', async () => {
    let asked = 0
    const keep = async (): Promise<undefined> => void (asked += 1)
    const session = play({ change: (input) => ({ ...input, beforeCompaction: keep }) })
    const warnings: unknown[] = []
    await talk(session, 30, ({ warning }) => warnings.push(warning))
    expect(session.compactions).toEqual([])
    expect(asked).toBeGreaterThan(0)
    expect(asked).toBeLessThan(5)
    expect(warnings.filter((warning) => warning !== undefined)).toEqual([])
  })

  test('what wins nothing is not done: obligations that are larger than what they would replace', async () => {
    const session = play({ obligations: () => [{ kind: 'rule', text: words(9000, 'rule') }] })
    await talk(session, 24)
    expect(session.compactions).toEqual([])
  })

  test('a session that another manager compacted is none of our failures', async () => {
    const session = play()
    session.say('hello')
    session.reply('hi')
    const other = {
      droppedSeqs: [{ from: 2, to: 3 }],
      summary: 'They met.',
      tokensBefore: 9000,
      tokensAfter: 5,
    }
    session.append({ type: 'compaction.applied', trigger: 'auto', ...other })
    talkAside(session, 25)
    await session.step(new DefaultContextManager())
    expect(session.compactions).toHaveLength(1)
    expect(known(session).useless).toBe(0)
  })

  test('a step that has just come in is never compacted or cleared: the model has not seen it', async () => {
    for (const size of [50, 400]) {
      const session = play()
      session.say('the task')
      for (let step = 0; step < 60; step++) {
        const { messages } = await session.step(manager)
        if (step > 0) expect(JSON.stringify([...messages].at(-1)!.parts)).toContain(`news ${step - 1} `)
        session.reply(words(size), [{ output: `news ${step} ${words(1700)}` }])
      }
      expect(session.compactions.length).toBeGreaterThan(3)
    }
  })

  test('what was steered into a turn stays with its prompt', async () => {
    const session = play()
    session.say('the task')
    for (let step = 0; step < 40; step++) {
      await session.step(manager)
      session.reply(`step ${step} ${words(300)}`, [{ output: 'ok' }])
      if (step === 3) session.say('mind the gap', 'steer')
    }
    expect(roles(session).slice(0, 3)).toEqual(['user', 'compaction', 'steer'])
  })

  test('a turn that outgrows the window gives up its older steps, after its prompt, and keeps the prompt', async () => {
    const session = play()
    session.say('an earlier question')
    session.reply('an earlier answer')
    session.say('the task')
    for (let step = 0; step < 40; step++) {
      expect(sizeOf(await session.step(manager))).toBeLessThan(7000)
      session.reply(`step ${step} ${words(300)}`, [{ output: 'ok' }])
    }
    expect(session.compactions.length).toBeGreaterThan(1)
    const summary = roles(session).indexOf('compaction')
    expect(roles(session).slice(0, 4)).toEqual(['user', 'assistant', 'user', 'compaction'])
    expect(session.state.transcript.at(summary - 1)).toMatchObject({ parts: text('the task') })
    expect(session.compactions.at(-1)!.summary).toMatch(/^The first steps of the work on the prompt above/)
  })

  test('in one step, older turns may leave and then steps of the running turn', async () => {
    let window = 1_000_000
    const session = play({ change: (input) => ({ ...input, limits: { window, maxOutput: 1000 } }) })
    talkAside(session, 10)
    for (let step = 0; step < 40; step++) session.reply(`step ${step} ${words(300)}`, [{ output: 'ok' }])
    expect((await session.step(manager)).compaction).toBeUndefined()
    window = 8000
    const plan = await session.step(manager)
    expect(sizeOf(plan)).toBeLessThan(4000)
    expect(session.compactions.map(({ summary }) => summary.slice(0, 9))).toEqual(['The earli', 'The first'])
    expect(roles(session).slice(0, 4)).toEqual(['compaction', 'user', 'compaction', 'assistant'])
  })

  test('a later session of the same log goes on where this one was', async () => {
    const session = play()
    await talk(session, 30)
    const before = [...(await session.step(manager)).messages]
    const after = [...(await session.step(new DefaultContextManager())).messages]
    expect(after).toEqual(before)
  })
})

describe('strategies', () => {
  const native = { data: { sealed: 'x' }, summary: 'By the provider.' }
  const compacting = (input: ContextInput, calls: unknown[] = []): ContextInput => ({
    ...input,
    compactByProvider: async (request, instructions) => {
      calls.push({ request, instructions })
      return native
    },
  })

  test('auto has the provider compact where it can, and keeps what must be kept beside its item', async () => {
    const calls: { request: { messages: Iterable<unknown> }; instructions: string }[] = []
    const session = play({ change: (input) => compacting(input, calls) })
    twoTurns(session)
    const { outcome } = (await session.compact(manager, 'Keep names.'))!
    expect(outcome.native).toEqual({ provider: 'p', data: native.data })
    expect(outcome.summary).toContain('By the provider.')
    expect([...calls[0]!.request.messages]).toHaveLength(5)
    expect(calls[0]!.instructions).toMatch(/Keep names\.$/)
    expect(session.requests).toEqual([])
    const { segments } = await session.step(manager)
    expect(segments).toMatchObject([
      { id: 'obligations', stability: 'turn', text: expect.stringContaining('[goal] hello') },
    ])
  })

  test('auto asks the model where the provider fails', async () => {
    const session = play({
      change: (input) => ({ ...input, compactByProvider: () => Promise.reject(new Error('not today')) }),
    })
    twoTurns(session)
    const { outcome } = (await session.compact(manager))!
    expect(outcome.native).toBeUndefined()
    expect(session.requests).toHaveLength(1)
  })

  test('summary never asks the provider', async () => {
    const session = play({ change: (input) => compacting(input) })
    twoTurns(session)
    const { outcome } = (await session.compact(new DefaultContextManager({ strategy: 'summary' })))!
    expect(outcome.native).toBeUndefined()
  })

  test('provider alone is an error where the model has no such thing, and a warning by itself', async () => {
    const strict = new DefaultContextManager({ strategy: 'provider' })
    const session = play()
    twoTurns(session)
    const error = await session.compact(strict).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(HalterError)
    expect(error).toMatchObject({
      code: 'ERR_COMPACTION_UNSUPPORTED',
      message: expect.stringMatching(/p cannot compact for "models\/m".*Set strategy to "auto" or "summary"/),
    })
    const warnings: string[] = []
    await talk(play(), 24, ({ warning }) => warning !== undefined && warnings.push(warning), strict)
    expect(warnings).toEqual([expect.stringContaining('p cannot compact')])
  })

  test('provider alone passes on what the provider fails with', async () => {
    const failure = new Error('not today')
    const session = play({
      change: (input) => ({ ...input, compactByProvider: () => Promise.reject(failure) }),
    })
    twoTurns(session)
    await expect(session.compact(new DefaultContextManager({ strategy: 'provider' }))).rejects.toBe(failure)
    expect(session.requests).toEqual([])
  })
})

describe('a provider that says the context is too long', () => {
  test.each([
    ['long turns', (session: PlayedSession) => talkAside(session, 20)],
    [
      'one long turn',
      (session: PlayedSession) => {
        session.say('the task')
        for (let step = 0; step < 30; step++) session.reply(words(100), [{ output: 'ok' }])
      },
    ],
    [
      'one step with too much in it',
      (session: PlayedSession) => {
        session.say('the task')
        session.reply(
          '',
          Array.from({ length: 6 }, () => ({ output: words(900) })),
        )
      },
    ],
  ])('gets less than half: %s', async (_, begin) => {
    const session = play({ info: { window: 1_000_000 } })
    begin(session)
    const before = sizeOf(await session.step(manager))
    const plan = await session.step(manager, { overflow: true })
    expect(sizeOf(plan)).toBeLessThan(before * 0.6)
    expect(session.compactions).toMatchObject([{ trigger: 'overflow' }])
  })

  test('gets less even when no summary can be had', async () => {
    const session = play({
      info: { window: 1_000_000 },
      summarise: () => {
        throw new Error('too long, too')
      },
    })
    talkAside(session, 20)
    const before = sizeOf(await session.step(manager))
    const plan = await session.step(manager, { overflow: true })
    expect(sizeOf(plan)).toBeLessThan(before / 2)
    expect(session.compactions[0]!.reason).toContain('failed (too long, too)')
  })

  test('is told in words when there is nothing to leave out', async () => {
    const session = play({ info: { window: 1_000_000 } })
    session.say(words(7000))
    const { warning } = await session.step(manager, { overflow: true })
    expect(warning).toMatch(/nothing in it can be left out\. Choose a model with a larger window/)
  })
})

function twoTurns(session: PlayedSession): void {
  session.say('hello')
  session.reply('looking', [{ input: { file_path: '0' } }, { input: { file_path: '1' } }])
  session.reply('done')
  session.say('and now?')
  session.reply('later', [{}])
  session.say('by the way', 'hook')
}

type Look = (plan: Awaited<ReturnType<PlayedSession['step']>>) => unknown

/** Turns of about 320 tokens, without tools. */
async function talk(
  session: PlayedSession,
  turns: number,
  look: Look = () => {},
  asked: DefaultContextManager = manager,
): Promise<void> {
  for (let turn = 1; turn <= turns; turn++) {
    session.say(`question ${turn} ${words(150)}`)
    look(await session.step(asked))
    session.reply(words(170, 'answer'))
  }
  session.say('and?')
}

/** The same, with nobody asked what to show. */
function talkAside(session: PlayedSession, turns: number): void {
  for (let turn = 1; turn <= turns; turn++) {
    session.say(`question ${turn} ${words(150)}`)
    session.reply(words(170, 'answer'))
  }
  session.say('and?')
}

function text(words: string) {
  return [{ kind: 'text' as const, text: words }]
}
