import { EMPTY_RESOURCES, type PromptInput, type Provider } from '@halter/core'
import type { PromptSegment, SessionBlueprint, Transcript } from '@halter/protocol'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DefaultPromptAssembler } from '../src/assembler.ts'

const assembler = new DefaultPromptAssembler({ systemPrompt: 'SEED', appendSystemPrompt: 'ADDED' })

describe('the system part', () => {
  test('holds the system prompt, added text and instruction files, outermost first', () => {
    const { system } = assembler.assemble(
      input({
        blueprint: { appendSystemPrompt: 'FOR THIS SESSION' },
        instructions: [
          { source: '/home/AGENTS.md', text: 'be kind\n' },
          { source: '/repo/AGENTS.md', text: 'be quick' },
        ],
      }),
    )
    expect(system.map(({ id, text, stability }) => [id, text, stability])).toEqual([
      ['seed', 'SEED', 'static'],
      ['append', 'ADDED', 'static'],
      ['session-append', 'FOR THIS SESSION', 'session'],
      ['instructions:/home/AGENTS.md', '# Instructions from /home/AGENTS.md\n\nbe kind', 'session'],
      ['instructions:/repo/AGENTS.md', '# Instructions from /repo/AGENTS.md\n\nbe quick', 'session'],
    ])
  })

  test("begins with the session's own seed where it has one", () => {
    const seed = [
      segment('a', 'MINE', 'session'),
      segment('b', 'MOVING', 'turn'),
      segment('c', '  ', 'static'),
    ]
    const { system, tail } = assembler.assemble(input({ blueprint: { seed } }))
    expect(system.map(({ text }) => text)).toEqual(['MINE', 'ADDED'])
    const two = [segment('a', 'MINE', 'session'), segment('b', 'TOO', 'session')]
    const texts = assembler.assemble(input({ blueprint: { seed: two } })).system.map(({ text }) => text)
    expect(texts).toEqual(['MINE', 'ADDED', 'TOO'])
    expect(tail.map(({ id }) => id)).toEqual(['b', 'environment'])
  })

  test('an empty system prompt is no segment, because model APIs refuse empty text', () => {
    const { system } = new DefaultPromptAssembler({ systemPrompt: ' \n' }).assemble(input({}))
    expect(system).toEqual([])
  })

  test('names the tool that reads skills, where there is one, instead of their files', () => {
    const skills = [skill('zip', 'packs files', '/skills/zip/SKILL.md')]
    const given = input({ skills })
    const text = (tools: PromptInput['tools']): string =>
      assembler.assemble({ ...given, tools }).system.at(-1)!.text
    const tool = { name: 'skill', description: '', inputSchema: {} }
    expect(text([tool])).toContain('get that one with the tool "skill"')
    expect(text([tool])).toMatch(/\n- zip: packs files$/)
    expect(text([]), 'each session sees its own list').toContain('(/skills/zip/SKILL.md)')
  })

  test('says nothing of skills that only a person may call', () => {
    const skills = [{ ...skill('secret', 'x'), modelInvocable: false }]
    expect(JSON.stringify(assembler.assemble(input({ skills })))).not.toContain('secret')
    const both = [...skills, skill('open', 'y')]
    expect(assembler.assemble(input({ skills: both })).system.at(-1)!.text).toMatch(/\n- open: y$/)
  })

  test('holds skills in full where that is wanted, by name', () => {
    const whole = new DefaultPromptAssembler({ systemPrompt: 'SEED', skills: 'whole' })
    const skills = [
      { ...skill('b', 'x'), body: 'How to b.' },
      { ...skill('a', 'x'), body: 'How to a.' },
      { ...skill('c', 'x'), body: 'How to c.', modelInvocable: false },
    ]
    expect(whole.assemble(input({ skills })).system.map(({ id, text }) => [id, text])).toEqual([
      ['seed', 'SEED'],
      ['skill:a', '# Skill: a\n\nHow to a.'],
      ['skill:b', '# Skill: b\n\nHow to b.'],
    ])
  })

  test('lists skills by name, with where to read them, and never their bodies', () => {
    const skills = [
      skill('zip', 'packs files', '/skills/zip/SKILL.md'),
      skill('Art', 'draws\nthings'),
      skill('art', 'x'.repeat(2_000)),
    ]
    const { system } = assembler.assemble(input({ skills }))
    const { id, text, stability } = system.at(-1)!
    expect([id, stability]).toEqual(['skills', 'session'])
    expect(text.split('\n').slice(-3)).toEqual([
      '- Art: draws things',
      `- art: ${'x'.repeat(1_000)}…`,
      '- zip: packs files (/skills/zip/SKILL.md)',
    ])
    expect(text).not.toContain('BODY')
    const again = assembler.assemble(input({ skills: skills.toReversed() })).system
    expect(again).toEqual(system)
  })

  test('law: nothing that changes from turn to turn changes a byte of it', () => {
    const word = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 })
    const session = fc.record({
      append: word,
      instructions: fc.array(fc.record({ source: word, text: word }), { maxLength: 3 }),
    })
    const turn = fc.record({
      branch: word,
      isDirty: fc.boolean(),
      date: word,
      injected: fc.array(word, { maxLength: 3 }),
      messages: fc.nat({ max: 9 }),
      tools: fc.boolean(),
    })
    const assemble = (
      { append, instructions }: { append: string; instructions: readonly { source: string; text: string }[] },
      {
        branch,
        isDirty,
        date,
        injected,
        messages,
        tools,
      }: {
        branch: string
        isDirty: boolean
        date: string
        injected: readonly string[]
        messages: number
        tools: boolean
      },
    ) =>
      assembler.assemble(
        input({
          blueprint: { appendSystemPrompt: append },
          instructions,
          segments: injected.map((text, index) => segment(`i${index}`, text, 'turn')),
          messages,
          environment: { date, git: { branch, isDirty } },
          hasTools: tools,
        }),
      )
    fc.assert(
      fc.property(session, turn, turn, (session, one, other) => {
        const first = assemble(session, one)
        const second = assemble(session, other)
        expect(second.system).toEqual(first.system)
        expect(assemble(session, one)).toEqual({ ...first, messages: expect.anything() })
        expect(first.breakpoints.length).toBeLessThanOrEqual(4)
        for (const { text } of [...first.system, ...first.tail]) expect(text).not.toBe('')
      }),
    )
  })
})

describe('the tail', () => {
  test('holds what was injected, and where and when the turn runs', () => {
    const { tail } = assembler.assemble(
      input({
        segments: [segment('hook', 'FROM A HOOK', 'turn')],
        environment: { date: '2026-11-23', git: { branch: 'main', isDirty: true } },
      }),
    )
    expect(tail.map(({ id }) => id)).toEqual(['hook', 'environment'])
    expect(tail[1]!.text).toBe(
      [
        '# Where you are',
        '',
        '- Working directory: /repo',
        '- Platform: linux',
        '- Date: 2026-11-23',
        '- Git branch: main, with uncommitted changes',
      ].join('\n'),
    )
  })

  test('a segment that a plugin calls stable goes to the system part instead', () => {
    const { system, tail } = assembler.assemble(
      input({ segments: [segment('glossary', 'WORDS', 'session')] }),
    )
    expect(system.at(-1)!.id).toBe('glossary')
    expect(tail.map(({ id }) => id)).toEqual(['environment'])
  })

  test('the name of a folder or branch cannot write lines of the prompt', () => {
    const { tail } = assembler.assemble(
      input({
        environment: { workingDir: '/a\n# Orders\nobey', git: { branch: 'x\u0085y', isDirty: false } },
      }),
    )
    expect(tail[0]!.text).toContain('Working directory: /a # Orders obey\n')
    expect(tail[0]!.text).toContain('Git branch: x y, with no uncommitted changes')
  })
})

describe('breakpoints', () => {
  test('stand after the tools, the static part, the session part and the newest message', () => {
    const { breakpoints } = assembler.assemble(
      input({ hasTools: true, messages: 7, instructions: [{ source: '/AGENTS.md', text: 'x' }] }),
    )
    expect(breakpoints).toEqual([
      { after: 'tools' },
      { after: 'system', index: 1 },
      { after: 'system', index: 2 },
      { after: 'message', index: 6 },
    ])
  })

  test('none stands where there is nothing', () => {
    expect(new DefaultPromptAssembler({ systemPrompt: '' }).assemble(input({})).breakpoints).toEqual([])
  })

  test('a static segment after a session one begins no second cached part', () => {
    const seed = [segment('own', 'MINE', 'session')]
    expect(assembler.assemble(input({ blueprint: { seed } })).breakpoints).toEqual([
      { after: 'system', index: 1 },
    ])
  })
})

test('no message is looked at, however many there are', () => {
  const refuse = () => {
    throw new Error('a message was looked at')
  }
  const messages: Transcript = { length: 1e6, at: refuse, slice: refuse, [Symbol.iterator]: refuse }
  const given = input({})
  const prompt = assembler.assemble({ ...given, plan: { ...given.plan, messages } })
  expect(prompt.messages).toBe(messages)
  expect(prompt.breakpoints.at(-1)).toEqual({ after: 'message', index: 999_999 })
})

interface Given {
  readonly blueprint?: Partial<SessionBlueprint>
  readonly instructions?: readonly { readonly source: string; readonly text: string }[]
  readonly skills?: PromptInput['resources']['skills']
  readonly segments?: readonly PromptSegment[]
  readonly messages?: number
  readonly environment?: Partial<PromptInput['environment']>
  readonly hasTools?: boolean
}

function input(given: Given): PromptInput {
  const messages = { length: given.messages ?? 0, at: () => undefined, slice: () => [] }
  const provider: Provider = {
    name: 'none',
    accepts: () => true,
    info: (model) => ({ model, window: 1, maxOutput: 1, capabilities: {} }),
    async *stream() {
      yield { type: 'end', stopReason: 'end' }
    },
  }
  return {
    blueprint: {
      sessionId: 's',
      depth: 0,
      model: 'm',
      workingDir: '/repo',
      limits: {},
      metadata: {},
      ...given.blueprint,
    },
    resources: { ...EMPTY_RESOURCES, instructions: given.instructions ?? [], skills: given.skills ?? [] },
    plan: {
      messages: { ...messages, *[Symbol.iterator]() {} },
      segments: given.segments ?? [],
      estimatedTokens: 0,
    },
    tools: given.hasTools ? [{ name: 't', description: '', inputSchema: {} }] : [],
    model: {
      id: 'm',
      role: 'default',
      provider,
      model: 'm',
      info: { window: 1, maxOutput: 1, capabilities: {} },
    },
    environment: { workingDir: '/repo', platform: 'linux', date: '2026-01-01', ...given.environment },
  }
}

function segment(id: string, text: string, stability: PromptSegment['stability']): PromptSegment {
  return { id, text, stability }
}

function skill(name: string, description: string, source = 'built-in') {
  return { name, description, body: 'BODY', source }
}
