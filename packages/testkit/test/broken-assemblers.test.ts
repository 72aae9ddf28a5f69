import { definePlugin, type AssembledPrompt, type PromptAssembler, type PromptInput } from '@halter/core'
import type { PromptSegment } from '@halter/protocol'
import { checkRules, expectStablePrefix, promptAssemblerRules } from '@halter/testkit'
import { describe, expect, test } from 'vitest'

/** Keeps every rule, and has a seam for each that can be broken. */
class PlainAssembler implements PromptAssembler {
  assemble(input: PromptInput): AssembledPrompt {
    const segments = this.segments(input).filter(({ text }) => text.trim() !== '')
    const system = segments.filter((segment) => this.isStable(segment))
    return {
      system,
      messages: input.plan.messages,
      tail: segments.filter((segment) => !this.isStable(segment)),
      breakpoints: this.breakpoints(system.length, input.plan.messages.length),
    }
  }

  protected segments({ blueprint, resources, plan, environment }: PromptInput): PromptSegment[] {
    const own = (id: string, text: string, stability: PromptSegment['stability']) => ({ id, text, stability })
    return [
      ...(blueprint.seed ?? [own('seed', 'You are helpful.', 'static')]),
      own('append', blueprint.appendSystemPrompt ?? '', 'session'),
      ...resources.instructions.map(({ source, text }) => own(source, text, 'session')),
      ...plan.segments,
      own('environment', `Today is ${environment.date}.`, 'turn'),
    ]
  }

  protected isStable({ stability }: PromptSegment): boolean {
    return stability !== 'turn'
  }

  protected breakpoints(system: number, messages: number): AssembledPrompt['breakpoints'] {
    return [
      ...(system > 0 ? [{ after: 'system' as const, index: system - 1 }] : []),
      ...(messages > 0 ? [{ after: 'message' as const, index: messages - 1 }] : []),
    ]
  }
}

class ReadsTheClock extends PlainAssembler {
  protected override segments(input: PromptInput): PromptSegment[] {
    const text = new Date().toISOString().slice(0, 10)
    return [{ id: 'date', text, stability: 'turn' }, ...super.segments(input)]
  }
}

class DatesTheSystemPart extends PlainAssembler {
  protected override segments(input: PromptInput): PromptSegment[] {
    return [{ id: 'date', text: input.environment.date, stability: 'session' }, ...super.segments(input)]
  }
}

class PutsAllIntoTheSystemPart extends PlainAssembler {
  protected override isStable(): boolean {
    return true
  }
}

class LosesHookText extends PlainAssembler {
  protected override segments(input: PromptInput): PromptSegment[] {
    return super.segments({ ...input, plan: { ...input.plan, segments: [] } })
  }
}

class RepeatsHookText extends PlainAssembler {
  protected override segments(input: PromptInput): PromptSegment[] {
    return [...super.segments(input), ...input.plan.segments.map((each) => ({ ...each, id: `${each.id}-2` }))]
  }
}

class DropsTheOldestMessage extends PlainAssembler {
  override assemble(input: PromptInput): AssembledPrompt {
    const prompt = super.assemble(input)
    const rest = input.plan.messages.slice(1)
    const messages = { length: rest.length, at: rest.at.bind(rest), slice: rest.slice.bind(rest) }
    return {
      ...prompt,
      messages: { ...messages, [Symbol.iterator]: () => rest[Symbol.iterator]() },
      breakpoints: [],
    }
  }
}

class IgnoresTheSession extends PlainAssembler {
  protected override segments(input: PromptInput): PromptSegment[] {
    const { seed: _, ...blueprint } = input.blueprint
    return super.segments({ ...input, blueprint })
  }
}

class TurnsInstructionsRound extends PlainAssembler {
  protected override segments(input: PromptInput): PromptSegment[] {
    const instructions = input.resources.instructions.toReversed()
    return super.segments({ ...input, resources: { ...input.resources, instructions } })
  }
}

class SendsBlanks extends PlainAssembler {
  override assemble(input: PromptInput): AssembledPrompt {
    const system = this.segments(input).filter((segment) => this.isStable(segment))
    return { ...super.assemble(input), system, breakpoints: [] }
  }
}

class NamesAllTheSame extends PlainAssembler {
  protected override segments(input: PromptInput): PromptSegment[] {
    return super.segments(input).map((segment) => ({ ...segment, id: 'segment' }))
  }
}

class PointsPastTheEnd extends PlainAssembler {
  protected override breakpoints(system: number, messages: number): AssembledPrompt['breakpoints'] {
    return [{ after: 'message', index: messages }, ...super.breakpoints(system, 0)]
  }
}

class SortsItsInput extends PlainAssembler {
  protected override segments(input: PromptInput): PromptSegment[] {
    const own = input.plan.segments as PromptSegment[]
    own.push({ id: 'mine', text: 'Mine.', stability: 'turn' })
    return super.segments(input)
  }
}

class ReadsAllMessages extends PlainAssembler {
  protected override segments(input: PromptInput): PromptSegment[] {
    const words = [...input.plan.messages].length
    return [...super.segments(input), { id: 'count', text: `${words} messages.`, stability: 'turn' }]
  }
}

const broken: readonly [typeof PlainAssembler, string][] = [
  [ReadsTheClock, 'the same input gives the same bytes, today and tomorrow'],
  [DatesTheSystemPart, 'nothing that changes within a session changes the system part'],
  [PutsAllIntoTheSystemPart, 'a segment that is for one turn is never in the system part'],
  [LosesHookText, 'no segment of the plan is lost, or there twice'],
  [RepeatsHookText, 'no segment of the plan is lost, or there twice'],
  [DropsTheOldestMessage, 'the prompt has the messages of the plan, in their order'],
  [IgnoresTheSession, 'a session’s own system prompt is in the system part, and what it adds behind it'],
  [TurnsInstructionsRound, 'instruction files are in the prompt, the nearest last'],
  [SendsBlanks, 'no segment is blank, because model APIs refuse blank text'],
  [NamesAllTheSame, 'every segment has an id of its own, so that a broken cache can be blamed'],
  [PointsPastTheEnd, 'there are at most four breakpoints, each at a place that exists'],
  [SortsItsInput, 'what it is given stays as it is'],
  [ReadsAllMessages, 'a step costs the same at any length of the transcript'],
]

test('an assembler that does everything right keeps every rule', async () => {
  const outcomes = await checkRules(promptAssemblerRules, { create: () => new PlainAssembler() })
  expect(outcomes.filter(({ status }) => status !== 'kept')).toEqual([])
})

describe('a broken assembler is caught by the rule it breaks', () => {
  test.each(broken)('%o', async (Assembler, name) => {
    const rule = promptAssemblerRules.filter((each) => each.name === name)
    const outcomes = await checkRules(rule, { create: () => new Assembler() })
    expect(outcomes).toMatchObject([{ name, status: 'broken' }])
  })

  test('and every rule has one that breaks it', () => {
    expect(new Set(broken.map(([, name]) => name))).toEqual(
      new Set(promptAssemblerRules.map(({ name }) => name)),
    )
  })
})

describe('expectStablePrefix', () => {
  const clock = (stability: PromptSegment['stability'], now: (ms: number) => string) =>
    definePlugin({
      name: 'acme-clock',
      apiVersion: 1,
      requires: ['clock'],
      setup({ hooks, services }) {
        hooks.tap('context.transform', (plan) => ({
          ...plan,
          segments: [
            ...plan.segments,
            { id: 'clock', text: now(services.clock.now()), stability, plugin: 'acme-clock' },
          ],
        }))
        return {}
      },
    })

  test.each([
    ['the runtime’s clock', (ms: number) => `It is ${ms}.`],
    ['the system’s clock', () => `It is ${new Date().toISOString()}.`],
    ['the day', () => `Today is ${new Date().toDateString()}.`],
    ['Date as a function', () => `${(Date as () => string)().slice(0, 10)}.`],
    ['nothing but the milliseconds', () => `${Date.now()}`],
  ])('fails a plugin that puts %s into the prefix, and names it', async (_, now) => {
    await expect(expectStablePrefix([clock('static', now)])).rejects.toThrow(
      /The system prompt changed between model calls 1 and 2, at the segment "clock" of acme-clock: ".*" became ".*"/,
    )
  })

  test('passes the same plugin when it uses the tail', async () => {
    await expectStablePrefix([clock('turn', () => new Date().toISOString())])
  })

  test('fails tools that come in another order', async () => {
    const plugin = definePlugin({
      name: 'acme-tools',
      apiVersion: 1,
      setup({ hooks }) {
        hooks.tap('request.transform', (request) => ({
          ...request,
          tools: [
            ...request.tools,
            { name: `t${Math.random()}`, description: 'x', inputSchema: { type: 'object' } },
          ],
        }))
        return {}
      },
    })
    await expect(expectStablePrefix([plugin])).rejects.toThrow(
      /The tools changed between model calls 1 and 2/,
    )
  })

  test('fails a plugin that rewrites an old message', async () => {
    const plugin = definePlugin({
      name: 'acme-editor',
      apiVersion: 1,
      setup({ hooks }) {
        hooks.tap('request.transform', (request) => {
          const [first, ...rest] = [...request.messages]
          const count = rest.length
          const all = [{ ...first!, parts: [{ kind: 'text' as const, text: `of ${count}` }] }, ...rest]
          return { ...request, messages: all as unknown as typeof request.messages }
        })
        return {}
      },
    })
    await expect(expectStablePrefix([plugin])).rejects.toThrow(/Message 1, .*, changed between model calls/)
  })

  test('leaves the clock of the process as it was', async () => {
    const before = Date
    await expectStablePrefix([])
    expect(Date).toBe(before)
    expect(Math.abs(Date.now() - performance.timeOrigin - performance.now())).toBeLessThan(60_000)
  })
})
