import { describe, expect, test } from 'vitest'
import {
  changesSummary,
  EVENT_VERSIONS,
  fold,
  foldSummary,
  type PendingEvent,
  type SessionSummary,
  type StoredEvent,
  type StoredEventType,
} from '../src/index.ts'
import { blueprint, fullBlueprint, fullUsage } from './support/samples.ts'

describe('the title', () => {
  test.each([
    ['the first line of a prompt', 'Fix the build\nand then rest', 'Fix the build'],
    ['without what is blank around it', '\r\n\t  Fix the build \r\n rest', 'Fix the build'],
    ['of 80 characters as it is', 'x'.repeat(80), 'x'.repeat(80)],
    ['of 81 characters cut to 80', 'x'.repeat(81), `${'x'.repeat(79)}…`],
    ['without a blank before the cut', `${'x'.repeat(70)}${' '.repeat(20)}y`, `${'x'.repeat(70)}…`],
    ['never cut inside a character', `${'x'.repeat(78)}🙂🙂`, `${'x'.repeat(78)}…`],
    ['cut after a whole character', `${'x'.repeat(77)}🙂🙂`, `${'x'.repeat(77)}🙂…`],
    ['with NUL in it', 'a\u0000b', 'a\u0000b'],
  ])('is %s', (_, prompt, title) => {
    expect(titles(turn(prompt))).toEqual([title, title])
  })

  test('is the one given, whatever is asked', () => {
    expect(titles(turn('later'), 'Given')).toEqual(['Given', 'Given'])
  })

  test('is that of the first prompt with text, and stays it', () => {
    expect(titles([...turn('  '), ...turn('one'), ...turn('two')])).toEqual(['one', 'one'])
  })

  test('is missing, and empty in a list, while nothing was said', () => {
    expect(titles([])).toEqual([undefined, ''])
  })

  test('given as empty is not given', () => {
    expect(titles(turn('one'), '')).toEqual(['one', 'one'])
    const cleared = [...turn('one'), { type: 'session.updated', title: '' } as const]
    expect(titles(cleared)).toEqual([undefined, ''])
    expect(titles([...cleared, ...turn('two')])).toEqual(['two', 'two'])
  })
})

describe('the summary', () => {
  test('has every listed field of the blueprint, and moves with session.updated', () => {
    const { sessionId, parentId, agent, title, metadata, model, workingDir } = fullBlueprint
    const events = log([{ type: 'session.started', blueprint: fullBlueprint }])
    const listed = {
      sessionId,
      parentId,
      agent,
      title,
      metadata,
      model,
      workingDir,
      status: 'idle',
      turns: 0,
    }
    expect(summaryOf(events)).toMatchObject(listed)
    const update = { title: 'T', metadata: { a: 'b' }, model: 'm', workingDir: '/w' }
    const updated = log([
      { type: 'session.started', blueprint: fullBlueprint },
      { type: 'session.updated', ...update },
    ])
    expect(summaryOf(updated)).toMatchObject({ ...update, parentId, agent, head: 2 })
    expect(fold(updated).blueprint).toMatchObject(update)
  })

  test('of nothing is nothing', () => {
    expect(foldSummary(undefined, log(turn('x'))[0]!)).toBeUndefined()
  })

  test('counts usage as it comes, and moves its head with what changes a list', () => {
    const events = log([
      { type: 'session.started', blueprint },
      { type: 'notification.raised', kind: 'x', message: '' },
      { type: 'usage.recorded', purpose: 'title', model: 'm', usage: fullUsage },
    ])
    expect(summaryOf(events)).toMatchObject({ head: 1, updatedAt: 1, usage: fullUsage })
  })

  test('is changed by exactly the types that say so, usage aside', () => {
    const start = summaryOf(log([{ type: 'session.started', blueprint }]))
    const closed = { ...start, status: 'closed', title: 't' } as SessionSummary
    for (const type of Object.keys(EVENT_VERSIONS) as StoredEventType[]) {
      if (type === 'usage.recorded') continue
      const event = {
        sessionId: 's1',
        seq: 9,
        at: 9,
        v: 1,
        type,
        blueprint,
        input: [],
      } as unknown as StoredEvent
      expect(foldSummary(closed, event) !== closed, type).toBe(changesSummary(type))
    }
    expect(changesSummary('constructor')).toBe(false)
  })

  test('takes nothing from a version it does not know', () => {
    const before = summaryOf(log([{ type: 'session.started', blueprint }]))
    const event = { sessionId: 's1', seq: 2, at: 2, v: 2, type: 'session.closed', reason: '' } as const
    expect(foldSummary(before, event)).toBe(before)
  })
})

/** The title in the state, and in the list. */
function titles(events: readonly PendingEvent[], given?: string): readonly (string | undefined)[] {
  const started = { ...blueprint, ...(given !== undefined && { title: given }) }
  const stored = log([{ type: 'session.started', blueprint: started }, ...events])
  return [fold(stored).title, summaryOf(stored).title]
}

function turn(text: string): readonly PendingEvent[] {
  const input = [{ kind: 'text', text }] as const
  const usage = { inputTokens: 0, outputTokens: 0 }
  return [
    { type: 'turn.started', turnId: 't', generation: 1, revision: 'r', input },
    { type: 'turn.completed', turnId: 't', usage, reason: 'stop' },
  ]
}

function log(events: readonly PendingEvent[]): readonly StoredEvent[] {
  return events.map((event, index) => ({ sessionId: 's1', seq: index + 1, at: index + 1, v: 1, ...event }))
}

function summaryOf(events: readonly StoredEvent[]): SessionSummary {
  return events.reduce<SessionSummary | undefined>(foldSummary, undefined)!
}
