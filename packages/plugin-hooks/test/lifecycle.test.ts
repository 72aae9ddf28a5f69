import { describe, expect, onTestFinished, test } from 'vitest'
import type { Json } from '@halter/protocol'
import { definePlugin } from '@halter/core'
import { createTestRuntime } from '@halter/core/testing'
import hooksPlugin, { defineHook, HookResponse, sessionHooks } from '../src/index.ts'
import { compactingPlugin } from './compacting.ts'
import {
  claudeHooks,
  openPlace,
  Payloads,
  recorder,
  shellScript,
  snapshot,
  tempFolder,
  type Place,
} from './place.ts'

function says(output: Json | string): Json {
  const text = typeof output === 'string' ? output : JSON.stringify(output)
  return { type: 'command', command: `cat > /dev/null; printf '%s' '${text}'` }
}

function tails(place: Place): readonly (readonly string[])[] {
  return place.provider.requests.map(({ tail }) => tail.map(({ text }) => text))
}

describe('a prompt', () => {
  async function submit(handler: Json, event = 'UserPromptSubmit'): Promise<Place> {
    const place = await openPlace({
      resources: snapshot(claudeHooks({ [event]: [{ hooks: [handler] }] })),
      script: [{ text: 'a' }, { text: 'b' }],
    })
    await place.session.submitTurn('Tell me a secret.').result
    return place
  }

  test.each([
    ['a block', says({ decision: 'block', reason: 'no secrets' }), 'no secrets'],
    ['exit code 2', { type: 'command', command: 'echo "no secrets" >&2; exit 2' }, 'no secrets'],
    ['`continue: false`', says({ continue: false, stopReason: 'closed' }), 'closed'],
    ['a crash', { type: 'command', command: 'exit 1' }, 'a hook that must answer failed'],
  ])('is refused by %s: nothing of it is kept, and no model is asked', async (_, handler, reason) => {
    const place = await submit(handler)
    expect(place.provider.requests).toEqual([])
    expect(await place.eventsOf('message.appended')).toEqual([])
    expect(await place.eventsOf('prompt.refused')).toMatchObject([
      { reason: expect.stringContaining(reason) as string, plugin: '@halter/plugin-hooks' },
    ])
  })

  test.each([
    ['in plain text', says('It is Monday.')],
    [
      'as context',
      says({ hookSpecificOutput: { hookEventName: 'UserPromptSubmit', additionalContext: 'It is Monday.' } }),
    ],
  ])('takes text %s with it, in the tail and for this turn', async (_, handler) => {
    const place = await submit(handler)
    expect(tails(place)).toEqual([['It is Monday.']])
    const [message] = await place.eventsOf('message.appended')
    expect(JSON.stringify(message)).not.toContain('Monday')
  })

  test('that another plugin changed is judged as it will be sent', async () => {
    const seen: Json[] = []
    const changing = definePlugin({
      name: 'test/changing',
      apiVersion: 1,
      after: ['@halter/plugin-hooks'],
      setup({ hooks }) {
        hooks.tap('prompt.transform', (draft) => ({ ...draft, parts: [{ kind: 'text', text: 'changed' }] }), {
          order: 'post',
        })
        return {}
      },
    })
    const place = await openPlace({
      hooks: { functions: [defineHook('UserPromptSubmit', ({ prompt }) => void seen.push(prompt!))] },
      plugins: [changing],
      script: [{ text: 'a' }],
    })
    await place.session.submitTurn('as written').orThrow()
    expect(seen).toEqual(['as written', 'changed'])
  })
})

describe('the end of a turn', () => {
  test('is put off by a block, whose reason is the next input', async () => {
    let asked = 0
    const place = await openPlace({
      hooks: {
        functions: [
          defineHook('Stop', () =>
            asked++ === 0 ? { decision: 'block', reason: 'Run the tests.' } : undefined,
          ),
        ],
      },
      script: [{ text: 'Done.' }, { text: 'Tested.' }],
    })
    expect((await place.session.submitTurn('x').orThrow()).text).toBe('Tested.')
    const messages = (await place.eventsOf('message.appended')).map(({ message }) => message)
    expect(messages[2]).toMatchObject({
      role: 'user',
      origin: 'hook',
      parts: [{ kind: 'text', text: 'Run the tests.' }],
    })
  })

  test.each([
    ['a block', says({ decision: 'block' })],
    ['exit code 2', { type: 'command', command: 'exit 2' }],
  ])('is put off by %s without a reason', async (_, handler) => {
    const place = await openPlace({
      resources: snapshot(claudeHooks({ Stop: [{ hooks: [{ ...(handler as object), once: true }] }] })),
      script: [{ text: 'Done.' }, { text: 'Really.' }],
    })
    await place.session.submitTurn('x').orThrow()
    const messages = (await place.eventsOf('message.appended')).map(({ message }) => message)
    expect(messages[2]).toMatchObject({ role: 'user', parts: [{ kind: 'text', text: 'Continue.' }] })
  })

  test('is put off eight times at most, whatever a handler wants', async () => {
    const place = await openPlace({
      hooks: { functions: [defineHook('Stop', () => ({ decision: 'block' as const, reason: 'more' }))] },
      script: () => ({ text: 'Done.' }),
    })
    await place.session.submitTurn('x').orThrow()
    expect(place.provider.requests).toHaveLength(9)
    expect(await place.eventsOf('warning.raised')).toMatchObject([
      { message: expect.stringContaining('8 times') as string },
    ])
  })

  test('is put off by feedback, too', async () => {
    let asked = 0
    const output = { hookSpecificOutput: { hookEventName: 'Stop', additionalContext: 'One test is red.' } }
    const place = await openPlace({
      hooks: { functions: [defineHook('Stop', () => (asked++ === 0 ? output : undefined))] },
      script: [{ text: 'Done.' }, { text: 'Fixed.' }],
    })
    expect((await place.session.submitTurn('x').orThrow()).text).toBe('Fixed.')
  })

  test('is not put off where one handler wants to stop everything', async () => {
    const place = await openPlace({
      hooks: {
        functions: [
          defineHook('Stop', () => ({ decision: 'block' as const })),
          defineHook('Stop', () => ({ continue: false })),
        ],
      },
      script: [{ text: 'Done.' }],
    })
    expect((await place.session.submitTurn('x').orThrow()).text).toBe('Done.')
  })

  test('is not put off by a handler that fails, unless it says so', async () => {
    const fail = (): never => {
      throw new Error('boom')
    }
    let asked = 0
    const once = (): void => {
      if (asked++ === 0) fail()
    }
    const open = await openPlace({
      hooks: { functions: [defineHook('Stop', fail)] },
      script: [{ text: 'Done.' }],
    })
    expect((await open.session.submitTurn('x').orThrow()).text).toBe('Done.')
    const closed = await openPlace({
      hooks: { functions: [defineHook('Stop', once, { onFailure: 'deny' })] },
      script: [{ text: 'Done.' }, { text: 'Again.' }],
    })
    expect((await closed.session.submitTurn('x').orThrow()).text).toBe('Again.')
  })
})

describe('the start of a session', () => {
  test('adds text for the whole session, where it breaks no cache', async () => {
    const place = await openPlace({
      resources: snapshot(
        claudeHooks({ SessionStart: [{ matcher: 'startup', hooks: [says('Use pnpm.')] }] }),
      ),
      script: [{ text: 'a' }, { text: 'b' }],
    })
    await place.session.submitTurn('x').orThrow()
    await place.session.submitTurn('y').orThrow()
    expect(tails(place)).toEqual([['Use pnpm.'], ['Use pnpm.']])
  })

  test('cannot be stopped, and says so', async () => {
    const place = await openPlace({
      hooks: { functions: [defineHook('SessionStart', () => ({ continue: false, stopReason: 'no' }))] },
      script: [{ text: 'a' }],
    })
    await place.session.submitTurn('x').orThrow()
    expect(await place.eventsOf('warning.raised')).toMatchObject([
      { message: expect.stringContaining('where nothing can be stopped: no') as string },
    ])
  })

  test('is matched by its source', async () => {
    const place = await openPlace({
      resources: snapshot(claudeHooks({ SessionStart: [{ matcher: 'resume|clear', hooks: [says('x')] }] })),
      script: [{ text: 'a' }],
    })
    await place.session.submitTurn('x').orThrow()
    expect(await place.runs()).toEqual([])
  })
})

test('what SubagentStart says is read by the subagent, not by the one that opened it', async () => {
  const opener = definePlugin({
    name: 'test/opener',
    apiVersion: 1,
    setup({ hooks }) {
      hooks.tap('toolResult.transform', async (_, ctx) => {
        if (ctx.session.blueprint.parentId === undefined)
          await (
            await ctx.session.openChild({ task: 'look' })
          ).result
      })
      return {}
    },
  })
  const place = await openPlace({
    hooks: { functions: [defineHook('SubagentStart', () => 'You are watched.', { matcher: 'default' })] },
    plugins: [opener],
    script: [...shellScript('x')],
    init: { tools: [recorder('shell')] },
  })
  await place.session.submitTurn('x').orThrow()
  expect(tails(place)).toEqual([[], ['You are watched.'], []])
})

test('a subagent that is not done yet gets the reason as its next input, and no other end is put off', async () => {
  const opener = definePlugin({
    name: 'test/opener',
    apiVersion: 1,
    setup({ hooks }) {
      hooks.tap('toolResult.transform', async (result, ctx) => {
        if (ctx.session.blueprint.parentId !== undefined) return undefined
        const { text } = await (await ctx.session.openChild({ task: 'look', agent: 'reviewer' })).result
        return { ...result, parts: [{ kind: 'text' as const, text }] }
      })
      return {}
    },
  })
  const output = { decision: 'block' as const, reason: 'Look closer.' }
  const guard = defineHook(
    'SubagentStop',
    ({ stop_hook_active: isAgain }) => (isAgain ? undefined : output),
    {
      matcher: 'reviewer',
    },
  )
  const place = await openPlace({
    hooks: { functions: [guard, defineHook('SubagentStop', () => output, { matcher: 'writer' })] },
    plugins: [opener],
    script: [
      ...shellScript('x').slice(0, 1),
      { text: 'First look.' },
      { text: 'Second look.' },
      { text: 'Done.' },
    ],
    init: { tools: [recorder('shell')] },
  })
  expect((await place.session.submitTurn('x').orThrow()).text).toBe('Done.')
  expect(JSON.stringify(await place.eventsOf('toolCall.finished'))).toContain('Second look.')
  expect(JSON.stringify([...place.provider.requests[2]!.messages])).toContain('Look closer.')
})

test('the agent of a handler is no subagent to others: its tools are guarded, by what is no model, and nothing else is told', async () => {
  const events: string[] = []
  const note = (event: string): ReturnType<typeof defineHook> =>
    defineHook(event, () => void events.push(event))
  const read = recorder('read', () => 'content')
  const judge = { type: 'agent', prompt: 'You are the judge.', allowedTools: ['Read'] }
  const place = await openPlace({
    hooks: {
      functions: [
        'SubagentStart',
        'SubagentStop',
        'PreToolUse',
        'PostToolUse',
        'PostToolBatch',
        'Stop',
        'SessionStart',
      ].map(note),
    },
    resources: snapshot(
      claudeHooks({
        UserPromptSubmit: [{ hooks: [judge] }],
        PreToolUse: [{ hooks: [{ type: 'prompt', prompt: 'Fine?' }] }],
      }),
    ),
    script: ({ sessionId, messages }) => {
      if (sessionId === place.session.id) return { text: 'Done.' }
      const hasRead = JSON.stringify([...messages]).includes('content')
      return hasRead ? { text: '{"ok":true}' } : { toolCalls: [{ name: 'read', input: { file_path: 'a' } }] }
    },
    init: { tools: [read] },
  })
  await place.session.submitTurn('x').orThrow()
  expect(events).toEqual(['SessionStart', 'PreToolUse', 'Stop'])
})

test('the end of a session waits a second for its handlers, and not longer', async () => {
  const payloads = new Payloads(await tempFolder())
  const slow = { type: 'command', command: payloads.command('sleep 20; echo late >> /dev/null') }
  const place = await openPlace({
    resources: snapshot(
      claudeHooks({
        SessionEnd: [
          { matcher: 'bye', hooks: [slow] },
          { matcher: 'other', hooks: [slow] },
        ],
      }),
    ),
    script: [{ text: 'a' }],
  })
  await place.session.submitTurn('x').orThrow()
  const startedAt = performance.now()
  await place.session.shutdown('bye')
  expect(performance.now() - startedAt).toBeLessThan(5_000)
  expect(await payloads.of('SessionEnd')).toMatchObject([{ reason: 'bye' }])
})

test('a compaction is kept from happening by a handler', async () => {
  let compactions = 0
  const compacting = compactingPlugin(() => {
    compactions += 1
  })
  const deny = defineHook('PreCompact', () => ({ decision: 'block' as const, reason: 'keep it' }), {
    matcher: 'manual',
  })
  const place = await openPlace({
    hooks: { functions: [deny] },
    plugins: [compacting],
    script: [{ text: 'a' }],
  })
  await place.session.submitTurn('x').orThrow()
  expect(await place.session.compact()).toBeUndefined()
  expect(compactions).toBe(0)
  expect(await place.runs()).toMatchObject([{ event: 'PreCompact', status: 'denied', decision: 'deny' }])
})

describe('once', () => {
  test('is once per session, also after it came back', async () => {
    const payloads = new Payloads(await tempFolder())
    const place = await openPlace({
      resources: snapshot(
        claudeHooks({
          UserPromptSubmit: [{ hooks: [{ type: 'command', command: payloads.command(), once: true }] }],
        }),
      ),
      script: () => ({ text: 'a' }),
    })
    await place.session.submitTurn('1').orThrow()
    await place.session.submitTurn('2').orThrow()
    await place.session.detach()
    const again = await place.runtime.resume(place.session.id)
    await again!.submitTurn('3').orThrow()
    expect(await payloads.all()).toMatchObject([{ prompt: '1' }])
    const other = await place.runtime.newSession()
    await other.submitTurn('4').orThrow()
    expect(await payloads.all()).toMatchObject([{ prompt: '1' }, { prompt: '4' }])
  })

  test('is not used up by a run that failed', async () => {
    let runs = 0
    const hook = defineHook(
      'UserPromptSubmit',
      () => {
        if (++runs === 1) throw new Error('not yet')
      },
      { once: true, onFailure: 'allow' },
    )
    const place = await openPlace({ hooks: { functions: [hook] }, script: () => ({ text: 'a' }) })
    for (const prompt of ['1', '2', '3']) await place.session.submitTurn(prompt).orThrow()
    expect(runs).toBe(2)
  })
})

describe('functions of a program', () => {
  test('of one session are its own, and mean the same as those of the plugin', async () => {
    const place = await openPlace({ hooks: {}, script: shellScript('rm -rf /') })
    const guard = defineHook(
      'PreToolUse',
      () => ({ decision: 'block' as const, reason: 'not in this session' }),
      { matcher: 'Bash' },
    )
    const shell = recorder('shell')
    const session = await place.runtime.newSession({ tools: [shell], hooks: sessionHooks([guard]) })
    await session.submitTurn('x').orThrow()
    expect(shell.inputs).toEqual([])
    const finished = (await Array.fromAsync(session.replay())).find(
      ({ type }) => type === 'toolCall.finished',
    )
    expect(JSON.stringify(finished)).toContain('not in this session')
  })

  test('two sets of one session both count', async () => {
    const seen: string[] = []
    const place = await openPlace({ script: [{ text: 'a' }] })
    const one = sessionHooks([defineHook('UserPromptSubmit', () => void seen.push('one'))])
    const two = sessionHooks([defineHook('UserPromptSubmit', () => void seen.push('two'))])
    const both = { 'prompt.transform': [one['prompt.transform']!, two['prompt.transform']!].flat() }
    const session = await place.runtime.newSession({ hooks: both })
    await session.submitTurn('x').orThrow()
    expect(seen).toEqual(['one', 'two'])
  })

  test('stand before or after those of files', async () => {
    const order: string[] = []
    const place = await openPlace({
      hooks: {
        functions: [
          defineHook('Notification', () => void order.push('after')),
          defineHook('Notification', () => void order.push('before'), { order: 'before' }),
        ],
      },
      resources: snapshot(claudeHooks({ Notification: [{ hooks: [{ type: 'command', command: 'true' }] }] })),
      script: [{ text: 'a' }],
    })
    await place.session.submitTurn('x').orThrow()
    await place.session.notify('k', 'm')
    await expect
      .poll(async () => (await place.runs()).map(({ handler }) => handler))
      .toEqual(['function', 'true', 'function'])
    expect(order).toEqual(['before', 'after'])
  })

  test('keep state of a session in the session', async () => {
    const counts: number[] = []
    const count = defineHook('UserPromptSubmit', (_, { session }) => {
      const state = session.resource('test/count', () => ({ value: 0 }))
      counts.push(++state.value)
    })
    const place = await openPlace({ hooks: { functions: [count] }, script: () => ({ text: 'a' }) })
    await place.session.submitTurn('1').orThrow()
    await place.session.submitTurn('2').orThrow()
    const other = await place.runtime.newSession()
    await other.submitTurn('3').orThrow()
    expect(counts).toEqual([1, 2, 1])
  })

  test('a mistake in one is found where it is made', () => {
    const nothing = (): void => {}
    expect(() => defineHook('Nope', nothing)).toThrow('There is no hook event "Nope"')
    expect(() => defineHook('Stop', nothing, { matcher: 'Bash' })).toThrow('has nothing to match')
    expect(() => defineHook('PreToolUse', nothing, { timeoutMs: -1 })).toThrow('timeoutMs of -1')
    expect(() => defineHook('PreToolUse', nothing, { matcher: '(' })).toThrow('is no regular expression')
  })

  test('one that hangs denies when its time is over, and its signal is aborted', async () => {
    let isAborted = false
    const hang = defineHook(
      'PreToolUse',
      async (_, { signal }) => {
        signal.addEventListener('abort', () => (isAborted = true))
        await new Promise(() => {})
      },
      { timeoutMs: 50 },
    )
    const shell = recorder('shell')
    const place = await openPlace({
      hooks: { functions: [hang] },
      script: shellScript('x'),
      init: { tools: [shell] },
    })
    await place.session.submitTurn('x').orThrow()
    expect([shell.inputs, isAborted]).toEqual([[], true])
    expect(await place.runs()).toMatchObject([{ status: 'timed-out', decision: 'deny' }])
  })

  test('can be answered in words', async () => {
    const { block, passthrough, stop } = HookResponse
    expect(block('no').context('c').message('m').suppress()).toEqual({
      decision: 'block',
      reason: 'no',
      systemMessage: 'm',
      suppressOutput: true,
      hookSpecificOutput: { additionalContext: 'c' },
    })
    expect(passthrough().permission('ask', 'sure?').updatedInput({ a: 1 }).updatedOutput(null)).toEqual({
      hookSpecificOutput: {
        permissionDecision: 'ask',
        permissionDecisionReason: 'sure?',
        updatedInput: { a: 1 },
        updatedToolOutput: null,
      },
    })
    expect(stop('enough')).toEqual({ continue: false, stopReason: 'enough' })
    const shell = recorder('shell')
    const hook = defineHook('PreToolUse', () =>
      passthrough().permission('allow').updatedInput({ command: 'safe' }),
    )
    const place = await openPlace({
      hooks: { functions: [hook] },
      script: shellScript('x'),
      init: { tools: [shell] },
    })
    await place.session.submitTurn('x').orThrow()
    expect(shell.inputs).toEqual([{ command: 'safe' }])
  })

  test('an answer that is none is a failure', async () => {
    const place = await openPlace({
      hooks: { functions: [defineHook('PreToolUse', () => ({ decision: 'no' }) as never)] },
      script: shellScript('x'),
      init: { tools: [recorder('shell')] },
    })
    await place.session.submitTurn('x').orThrow()
    expect(await place.runs()).toMatchObject([{ status: 'failed', decision: 'deny' }])
  })
})

test('a reload with other options counts from the next turn of an open session on', async () => {
  const seen: string[] = []
  const options = (name: string): object => ({
    functions: [defineHook('UserPromptSubmit', () => void seen.push(name))],
  })
  const { runtime } = await createTestRuntime({
    plugins: [[hooksPlugin, options('one')]],
    script: () => ({ text: 'a' }),
  })
  onTestFinished(() => runtime.shutdown().then(() => undefined))
  const session = await runtime.newSession()
  await session.submitTurn('1').orThrow()
  await runtime.reload([[hooksPlugin, options('two')]])
  await session.submitTurn('2').orThrow()
  expect(seen).toEqual(['one', 'two'])
})

test('an interrupted turn cancels the handler that runs, and says so', async () => {
  const place = await openPlace({
    resources: snapshot(claudeHooks({ PreToolUse: [{ hooks: [{ type: 'command', command: 'sleep 30' }] }] })),
    script: shellScript('x'),
    init: { tools: [recorder('shell')] },
  })
  const turn = place.session.submitTurn('x')
  await expect.poll(() => place.provider.requests.length).toBe(1)
  await new Promise((resolve) => setTimeout(resolve, 100))
  const startedAt = performance.now()
  turn.interrupt('enough')
  expect((await turn.result).reason).toBe('interrupted')
  expect(performance.now() - startedAt).toBeLessThan(5_000)
  await expect.poll(() => place.runs()).toMatchObject([{ status: 'cancelled' }])
})

test('a background handler keeps nobody waiting, and what it says arrives later', async () => {
  const folder = await tempFolder()
  const place = await openPlace({
    resources: snapshot(
      claudeHooks({
        PostToolUse: [
          {
            hooks: [
              {
                type: 'command',
                async: true,
                command: `while [ ! -e ${folder}/go ]; do sleep 0.02; done; printf '{"systemMessage":"late news"}'`,
              },
            ],
          },
        ],
      }),
    ),
    script: shellScript('x'),
    init: { tools: [recorder('shell')] },
  })
  await place.session.submitTurn('x').orThrow()
  expect(await place.runs()).toEqual([])
  await import('node:fs/promises').then((fs) => fs.writeFile(`${folder}/go`, ''))
  await expect
    .poll(() => place.eventsOf('notification.raised'), { timeout: 5_000 })
    .toMatchObject([{ message: 'late news' }])
  expect(await place.runs()).toMatchObject([{ status: 'completed', event: 'PostToolUse' }])
})

test('a background handler wakes the session with exit code 2', async () => {
  const place = await openPlace({
    resources: snapshot(
      claudeHooks({
        Stop: [
          {
            hooks: [
              {
                type: 'command',
                asyncRewake: true,
                once: true,
                command: 'sleep 0.1; echo "The build broke." >&2; exit 2',
              },
            ],
          },
        ],
      }),
    ),
    script: [{ text: 'Done.' }, { text: 'Looking.' }, { text: 'Looking.' }],
  })
  await place.session.submitTurn('x').orThrow()
  await expect.poll(() => place.provider.requests.length, { timeout: 5_000 }).toBeGreaterThan(1)
  const messages = (await place.eventsOf('message.appended')).map(({ message }) =>
    JSON.stringify(message.parts),
  )
  expect(messages).toContain('[{"kind":"text","text":"The build broke."}]')
})
