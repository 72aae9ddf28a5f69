import { describe, expect, test } from 'vitest'
import { DefaultContextManager } from '../src/context-manager.ts'
import { known, play } from './played.ts'

const manager = new DefaultContextManager()

describe('what must not be forgotten', () => {
  test('the first prompt and the rules of the user are kept word for word, compaction after compaction', async () => {
    const session = play()
    session.say('Port the parser to Rust. Never touch the lexer!')
    session.reply('fine')
    session.say(
      "Please don't use macros, and keep going. I don't mind the rest.\nFrom now on, answer in French.",
    )
    session.reply('bien')
    for (let round = 0; round < 5; round++) {
      session.say(`go on ${round}`)
      session.reply('done')
      session.say('newest')
      await session.compact(manager)
    }
    const summary = session.compactions.at(-1)!.summary
    expect(summary).toContain('[goal] Port the parser to Rust. Never touch the lexer!')
    expect(summary).toContain("[rule] Please don't use macros, and keep going.")
    expect(summary).toContain('[rule] From now on, answer in French.')
    expect(summary).not.toContain("I don't mind")
    expect(summary.match(/Never touch the lexer/g)).toHaveLength(1)
  })

  test('a goal that is still there word for word is not said twice', async () => {
    const session = play()
    session.say('the goal of it all')
    for (let step = 0; step < 40; step++) {
      await session.step(manager)
      session.reply(`step ${step} ${'well '.repeat(200)}`, [{ output: 'ok' }])
    }
    expect(session.compactions.length).toBeGreaterThan(0)
    for (const { summary } of session.compactions) expect(summary).not.toContain('the goal of it all')
    expect(known(session).goal?.text).toBe('the goal of it all')
    session.reply('finished')
    session.say('the next thing')
    await session.compact(manager)
    expect(session.compactions.at(-1)!.summary).toContain('[goal] the goal of it all')
  })

  test('what an earlier summary says that stays is not said again', async () => {
    const session = play()
    session.say('the goal of it all. Never look back.')
    session.reply('fine')
    session.say('the task')
    await session.compact(manager)
    for (let step = 0; step < 40; step++) {
      await session.step(manager)
      session.reply(`step ${step} ${'well '.repeat(200)}`, [{ output: 'ok' }])
    }
    const [first, ...later] = session.compactions
    expect(first!.summary).toContain('the goal of it all')
    expect(later.length).toBeGreaterThan(0)
    for (const { summary } of later) expect(summary).not.toContain('the goal of it all')
    session.reply('finished')
    session.say('the next thing')
    await session.compact(manager)
    expect(session.compactions.at(-1)!.summary).toContain('the goal of it all. Never look back.')
  })

  test('open approvals and running children are named, settled ones are not', async () => {
    const session = play()
    session.say('begin')
    session.append({
      type: 'subagent.spawned',
      childId: 'child-1',
      task: 'count the sheep',
      agent: 'shepherd',
    })
    session.append({ type: 'subagent.spawned', childId: 'child-2', task: 'count the goats' })
    session.append({ type: 'subagent.settled', childId: 'child-2', outcome: 'completed' })
    session.reply('begun')
    session.say('newest')
    const ask = {
      turnId: 't',
      callId: 'call-9',
      name: 'shell',
      input: {},
      scope: 'shell',
      reason: 'it deletes',
    }
    session.append({ type: 'approval.requested', ...ask })
    const { outcome } = (await session.compact(manager))!
    expect(outcome.summary).toContain('[child] Subagent child-1 (shepherd) is running: count the sheep')
    expect(outcome.summary).toContain('[approval] The call call-9 of shell waits for approval: it deletes')
    expect(outcome.summary).not.toContain('child-2')
  })

  test('the rules are bounded: the first ones and the newest', async () => {
    const session = play({ info: { window: 1_000_000 } })
    for (let rule = 0; rule < 60; rule++) {
      session.say(`Never do ${rule}.`)
      session.reply('no')
    }
    session.say('newest')
    await session.compact(manager)
    const { rules, goal } = known(session)
    expect(goal?.text).toBe('Never do 0.')
    expect(rules).toHaveLength(24)
    expect([rules[0], rules[11], rules[12], rules[23]]).toEqual([
      'Never do 1.',
      'Never do 12.',
      'Never do 48.',
      'Never do 59.',
    ])
  })
})
