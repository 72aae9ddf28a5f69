import { AsyncLocalStorage } from 'node:async_hooks'
import { definePlugin, type HookName, type Tap, type ToolVerdict } from '@halter/core'
import { describe, expect, test } from 'vitest'
import type { HookTable } from '../../src/kernel/dispatch.ts'
import { dispatchContext, INPUTS, kernelOptions, startKernel, tapping } from './fixtures.ts'

const call = INPUTS['toolCall.transform']
const later = <T>(value: T): Promise<T> => new Promise((resolve) => setTimeout(resolve, 1, value))

describe('calling a hook', () => {
  test('without taps it hands back the input itself, and no promise', async () => {
    const { hooks } = (await startKernel()).current
    expect(hooks.has('toolCall.transform')).toBe(false)
    expect(hooks.transform('toolCall.transform', call, dispatchContext())).toBe(call)
    expect(hooks.guard('toolCall.guard', call, dispatchContext())).toBeUndefined()
    expect(hooks.observe('turn.start', INPUTS['turn.start'], dispatchContext())).toBeUndefined()
  })

  test('it answers at once when every tap does, and with a promise when one does not', async () => {
    const kernel = await startKernel([
      tapping('a', ({ hooks }) => {
        hooks.tap('toolCall.transform', (input) => ({ ...input, name: 'sync' }))
        hooks.tap('prompt.transform', (input) => later({ ...input, notes: ['late'] }))
        hooks.tap('toolCall.guard', () => ({ deny: 'no' }))
        hooks.tap('prompt.guard', async () => ({ deny: 'no' }))
      }),
    ])
    const { hooks } = kernel.current
    const ctx = dispatchContext()
    expect(hooks.transform('toolCall.transform', call, ctx)).toEqual({ ...call, name: 'sync' })
    expect(hooks.guard('toolCall.guard', call, ctx)).toMatchObject({
      kind: 'deny',
      reason: 'no',
      plugin: 'a',
    })
    const changed = hooks.transform('prompt.transform', INPUTS['prompt.transform'], ctx)
    expect(changed).toBeInstanceOf(Promise)
    expect(await changed).toEqual({ parts: [], notes: ['late'] })
    expect(await hooks.guard('prompt.guard', INPUTS['prompt.guard'], ctx)).toMatchObject({ kind: 'deny' })
  })

  test('a transform sees what the one before it made; undefined and null leave it as it is', async () => {
    const add =
      (letter: string): Tap<'toolCall.transform'> =>
      (input) => ({ ...input, name: input.name + letter })
    const kernel = await startKernel([
      tapping('a', ({ hooks }) => hooks.tap('toolCall.transform', add('a'))),
      tapping('silent', ({ hooks }) => hooks.tap('toolCall.transform', () => undefined)),
      tapping('null', ({ hooks }) => hooks.tap('toolCall.transform', (() => null) as never)),
      tapping('b', ({ hooks }) =>
        hooks.tap('toolCall.transform', (input) => later({ ...input, name: `${input.name}b` })),
      ),
      tapping('c', ({ hooks }) => hooks.tap('toolCall.transform', add('c'))),
    ])
    expect(await kernel.current.hooks.transform('toolCall.transform', call, dispatchContext())).toMatchObject(
      {
        name: 'readabc',
      },
    )
  })

  test('order is: pre, plain, the session, post; inside that plugin order; inside that as tapped', async () => {
    const seen: string[] = []
    const at = (name: string, order?: 'pre' | 'post') =>
      tapping(name, ({ hooks }) => {
        for (const n of [1, 2])
          hooks.tap('turn.start', () => void seen.push(`${name}${n}`), order && { order })
      })
    const kernel = await startKernel([at('post', 'post'), at('b'), at('pre', 'pre'), at('a')])
    const hooks = kernel.current.hooks.extend({ 'turn.start': () => void seen.push('session') })
    await hooks.observe('turn.start', INPUTS['turn.start'], dispatchContext())
    expect(seen).toEqual(['pre1', 'pre2', 'b1', 'b2', 'a1', 'a2', 'session', 'post1', 'post2'])
  })

  test('observers start together: a slow one holds up nobody', async () => {
    const seen: string[] = []
    const kernel = await startKernel([
      tapping('slow', ({ hooks }) =>
        hooks.tap('turn.start', async () => {
          await later(0)
          seen.push('slow')
        }),
      ),
      tapping('quick', ({ hooks }) => hooks.tap('turn.start', () => void seen.push('quick'))),
    ])
    const called = kernel.current.hooks.observe('turn.start', INPUTS['turn.start'], dispatchContext())
    expect(seen).toEqual(['quick'])
    await called
    expect(seen).toEqual(['quick', 'slow'])
  })

  test('a transform that fails ends the call: those after it do not run', async () => {
    const seen: string[] = []
    const kernel = await startKernel([
      tapping('broken', ({ hooks }) =>
        hooks.tap('prompt.transform', () => Promise.reject(new Error('boom.'))),
      ),
      tapping('after', ({ hooks }) => hooks.tap('prompt.transform', () => void seen.push('after'))),
    ])
    const called = kernel.current.hooks.transform(
      'prompt.transform',
      INPUTS['prompt.transform'],
      dispatchContext(),
    )
    await expect(called).rejects.toThrow(
      'broken failed in prompt.transform: boom. Repair broken or take it out.',
    )
    expect(seen).toEqual([])
  })

  test('what a tap says after its deadline is not heard, and breaks nothing', async () => {
    let answer: (verdict: { deny: string } | undefined) => void = () => {}
    let fail: (error: Error) => void = () => {}
    const kernel = await startKernel([
      tapping('late', ({ hooks }) => {
        hooks.tap('toolCall.guard', () => new Promise<undefined>((resolve) => (answer = resolve as never)), {
          timeoutMs: 5,
        })
        hooks.tap('turn.start', () => new Promise<void>((_, reject) => (fail = reject)), { timeoutMs: 5 })
      }),
    ])
    const ctx = dispatchContext()
    const { hooks } = kernel.current
    expect(await hooks.guard('toolCall.guard', call, ctx)).toMatchObject({
      error: { code: 'ERR_HOOK_TIMEOUT' },
    })
    await hooks.observe('turn.start', INPUTS['turn.start'], ctx)
    answer(undefined)
    fail(new Error('late'))
    await later(0)
    expect(ctx.warnings).toMatchObject([{ code: 'ERR_HOOK_TIMEOUT', plugin: 'late' }])
  })

  test('a waiting call goes on in the async context it was made in', async () => {
    const storage = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    const kernel = await startKernel([
      tapping('hangs', ({ hooks }) =>
        hooks.tap('turn.start', () => new Promise<void>(() => {}), { timeoutMs: 20 }),
      ),
      tapping('waits', ({ hooks }) => {
        hooks.tap('compaction.guard', () => new Promise<undefined>(() => {}), { timeoutMs: 20 })
        hooks.tap('compaction.guard', () => void seen.push(storage.getStore()))
      }),
    ])
    const { hooks } = kernel.current
    // The first call arms the timer that ends the second one's wait.
    const other = storage.run('other', () =>
      hooks.observe('turn.start', INPUTS['turn.start'], dispatchContext()),
    )
    await storage.run('mine', () =>
      hooks.guard('compaction.guard', INPUTS['compaction.guard'], dispatchContext()),
    )
    await other
    expect(seen).toEqual(['mine'])
  })
})

describe('guards', () => {
  const guards = (...verdicts: (() => ToolVerdict | Promise<ToolVerdict>)[]) =>
    verdicts.map((verdict, n) => tapping(`g${n}`, ({ hooks }) => hooks.tap('toolCall.guard', verdict)))
  const judge = async (...verdicts: Parameters<typeof guards>) =>
    await (
      await startKernel(guards(...verdicts))
    ).current.hooks.guard('toolCall.guard', call, dispatchContext())

  test('no opinion is no decision', async () => {
    expect(
      await judge(
        () => undefined,
        async () => undefined,
        (() => null) as never,
      ),
    ).toBeUndefined()
  })

  test('an ask carries its scope, an allow its reason', async () => {
    expect(await judge(() => ({ ask: 'sure?', scope: 'bash:ls' }))).toEqual({
      kind: 'ask',
      reason: 'sure?',
      scope: 'bash:ls',
      plugin: 'g0',
    })
    expect(await judge(() => ({ allow: 'listed' }))).toEqual({
      kind: 'allow',
      reason: 'listed',
      plugin: 'g0',
    })
    expect(await judge(() => ({ allow: true }))).toEqual({ kind: 'allow', plugin: 'g0' })
  })

  test('an allow does not keep a later guard from being asked, a deny does', async () => {
    const asked: number[] = []
    const count = (n: number, verdict: ToolVerdict) => () => {
      asked.push(n)
      return verdict
    }
    expect(
      await judge(count(0, { allow: true }), count(1, { deny: 'no' }), count(2, undefined)),
    ).toMatchObject({ kind: 'deny', plugin: 'g1' })
    expect(asked).toEqual([0, 1])
  })

  test('of several asks the first counts', async () => {
    expect(
      await judge(
        () => ({ ask: 'one' }),
        () => ({ ask: 'two' }),
      ),
    ).toMatchObject({ reason: 'one' })
  })

  test.each([
    ['true', true],
    ['false', false],
    ['a number', 1],
    ['a string', 'deny'],
    ['an array', [{ deny: 'x' }]],
    ['an empty object', {}],
    ['a deny that is no text', { deny: true }],
    ['an unclear deny beside an allow', { deny: 0, allow: true }],
    ['an ask that is no text', { ask: true }],
    ['an unclear ask beside an allow', { ask: 1, allow: true }],
    ['an allow that is false', { allow: false }],
    ['a scope that is no text', { ask: 'x', scope: 1 }],
  ])('%s is not taken for a yes', async (_, verdict) => {
    expect(await judge((() => verdict) as never)).toMatchObject({
      kind: 'deny',
      plugin: 'g0',
      error: { code: 'ERR_HOOK_INVALID' },
    })
  })

  test.each(['prompt.guard', 'response.guard', 'subagent.guard'] as const)(
    '%s knows no allow and no ask: they deny',
    async (hook) => {
      for (const verdict of [{ allow: true }, { ask: 'x' }]) {
        const kernel = await startKernel([
          tapping('a', ({ hooks }) => hooks.tap(hook, (() => verdict) as never)),
        ])
        const guard = kernel.current.hooks.guard as (h: HookName, i: unknown, c: unknown) => unknown
        expect(await guard.call(kernel.current.hooks, hook, INPUTS[hook], dispatchContext())).toMatchObject({
          kind: 'deny',
          error: { code: 'ERR_HOOK_INVALID' },
        })
      }
    },
  )
})

describe('a transform may not change what others have been told', () => {
  test.each([
    ['toolCall.transform', 'callId'],
    ['session.transform', 'sessionId'],
    ['response.transform', 'id'],
    ['request.transform', 'purpose'],
  ] as const)('%s: %s', async (hook, field) => {
    const kernel = await startKernel([
      tapping('a', ({ hooks }) => hooks.tap(hook, (input) => ({ ...input, [field]: 'other' }))),
    ])
    const transform = kernel.current.hooks.transform as (h: HookName, i: unknown, c: unknown) => unknown
    expect(() => transform.call(kernel.current.hooks, hook, INPUTS[hook], dispatchContext())).toThrow(
      expect.objectContaining({ code: 'ERR_HOOK_INVALID', message: expect.stringContaining(`"${field}"`) }),
    )
  })

  test.each([
    ['prompt.transform', { parts: 'text', notes: [] }],
    ['context.transform', { messages: { length: 0 }, segments: {}, estimatedTokens: 0 }],
    ['toolResult.transform', { call, parts: [], isError: 'no' }],
  ] as const)('%s: its fields keep their kind', async (hook, output) => {
    const kernel = await startKernel([tapping('a', ({ hooks }) => hooks.tap(hook, (() => output) as never))])
    const transform = kernel.current.hooks.transform as (h: HookName, i: unknown, c: unknown) => unknown
    expect(() => transform.call(kernel.current.hooks, hook, INPUTS[hook], dispatchContext())).toThrow(
      expect.objectContaining({ code: 'ERR_HOOK_INVALID' }),
    )
  })
})

describe('two transforms and one field', () => {
  const transforms = (...taps: Tap<'prompt.transform'>[]) =>
    taps.map((tap, n) => tapping(`t${n}`, ({ hooks }) => hooks.tap('prompt.transform', tap)))
  const warningsOf = async (...taps: Tap<'prompt.transform'>[]) => {
    const kernel = await startKernel(transforms(...taps))
    const ctx = dispatchContext()
    for (let n = 0; n < 3; n++)
      await kernel.current.hooks.transform('prompt.transform', INPUTS['prompt.transform'], ctx)
    return ctx.warnings
  }

  test('the second one that replaces it is warned about, once', async () => {
    const warnings = await warningsOf(
      (draft) => ({ ...draft, notes: ['a'] }),
      async (draft) => ({ ...draft, notes: ['b'] }),
    )
    expect(warnings).toEqual([
      {
        code: 'HOOK_FIELD_CLASH',
        message: expect.stringMatching(/t1 replaces "notes", which t0/),
        plugin: 't1',
      },
    ])
  })

  test('adding to what is there is no clash, nor is another field', async () => {
    const text = { kind: 'text', text: 'x' } as const
    expect(
      await warningsOf(
        (draft) => ({ ...draft, notes: [...draft.notes, 'a'] }),
        (draft) => ({ ...draft, notes: ['b', ...draft.notes] }),
        (draft) => ({ ...draft, parts: [text] }),
      ),
    ).toEqual([])
  })

  test('two taps of one plugin know of each other', async () => {
    const kernel = await startKernel([
      tapping('a', ({ hooks }) => {
        hooks.tap('prompt.transform', (draft) => ({ ...draft, notes: ['a'] }))
        hooks.tap('prompt.transform', (draft) => ({ ...draft, notes: ['b'] }))
      }),
    ])
    const ctx = dispatchContext()
    void kernel.current.hooks.transform('prompt.transform', INPUTS['prompt.transform'], ctx)
    expect(ctx.warnings).toEqual([])
  })
})

describe('what a tap gets', () => {
  test('session, turn and step are those of the place it was called from', async () => {
    const seen: unknown[] = []
    const kernel = await startKernel([
      tapping('a', ({ hooks }) =>
        hooks.tap('turn.start', (_, { session, turn, step }) => void seen.push(session, turn, step)),
      ),
    ])
    const ctx = dispatchContext()
    void kernel.current.hooks.observe('turn.start', INPUTS['turn.start'], ctx)
    expect(seen).toEqual([expect.objectContaining({ plugin: 'a' }), { turnId: 't1' }, 1])
  })

  test('its services are what it requires and would like, frozen, and nothing else', async () => {
    const seen: unknown[] = []
    const kernel = await startKernel([
      definePlugin({
        name: 'a',
        apiVersion: 1,
        requires: ['clock', 'tools'],
        optional: ['approvals'],
        setup: ({ hooks }) => {
          hooks.tap('turn.start', (_, { services }) => {
            seen.push(Object.isFrozen(services), Object.keys(services), { ...services })
          })
          return {}
        },
      }),
    ])
    void kernel.current.hooks.observe('turn.start', INPUTS['turn.start'], dispatchContext())
    expect(seen).toEqual([
      true,
      ['clock', 'tools', 'approvals'],
      { clock: { stubOf: 'clock' }, tools: [], approvals: undefined },
    ])
  })

  test('its warnings carry its name', async () => {
    const kernel = await startKernel([
      tapping('a', ({ hooks }) => hooks.tap('turn.start', (_, { warn }) => warn('low disk'))),
    ])
    const ctx = dispatchContext()
    void kernel.current.hooks.observe('turn.start', INPUTS['turn.start'], ctx)
    expect(ctx.warnings).toEqual([{ code: 'PLUGIN_WARNING', message: 'low disk', plugin: 'a' }])
  })

  test('its signal follows the one of the caller, and its own deadline', async () => {
    const reasons: unknown[] = []
    const kernel = await startKernel([
      tapping('a', ({ hooks }) => {
        const tap = (_: unknown, { signal }: { signal: AbortSignal }) =>
          new Promise<void>((resolve) =>
            signal.addEventListener('abort', () => {
              reasons.push(signal.reason)
              resolve()
            }),
          )
        hooks.tap('turn.start', tap)
        hooks.tap('session.start', tap, { timeoutMs: 5 })
      }),
    ])
    const abort = new AbortController()
    const ctx = dispatchContext({ signal: abort.signal })
    const called = kernel.current.hooks.observe('turn.start', INPUTS['turn.start'], ctx)
    abort.abort('interrupted')
    await called
    await kernel.current.hooks.observe('session.start', INPUTS['session.start'], dispatchContext())
    expect(reasons).toEqual(['interrupted', expect.objectContaining({ code: 'ERR_HOOK_TIMEOUT' })])
  })

  test('a signal that was aborted before is aborted at once', async () => {
    let isAborted: boolean | undefined
    const kernel = await startKernel([
      tapping('a', ({ hooks }) =>
        hooks.tap('turn.start', (_, { signal }) => void (isAborted = signal.aborted)),
      ),
    ])
    void kernel.current.hooks.observe(
      'turn.start',
      INPUTS['turn.start'],
      dispatchContext({ signal: AbortSignal.abort() }),
    )
    expect(isAborted).toBe(true)
  })

  test('nothing stays on the caller’s signal, whether the tap read its own or not', async () => {
    const kernel = await startKernel([
      tapping('a', ({ hooks }) => {
        hooks.tap('turn.start', (_, { signal }) => void signal.aborted)
        hooks.tap('turn.start', async (_, { signal }) => void (await later(signal)))
        hooks.tap('turn.start', (_, { signal }) => later(signal).then(() => new Promise(() => {})), {
          timeoutMs: 5,
        })
        hooks.tap('turn.start', () => {})
      }),
    ])
    const { signal } = new AbortController()
    let listeners = 0
    const [add, remove] = [signal.addEventListener, signal.removeEventListener]
    signal.addEventListener = (...args: unknown[]) => (listeners++, add.apply(signal, args as never))
    signal.removeEventListener = (...args: unknown[]) => (listeners--, remove.apply(signal, args as never))
    const called = kernel.current.hooks.observe(
      'turn.start',
      INPUTS['turn.start'],
      dispatchContext({ signal }),
    )
    expect(listeners).toBe(2)
    await called
    expect(listeners).toBe(0)
  })
})

describe('a session’s own taps', () => {
  const reasonOf = async (hooks: HookTable) =>
    (await hooks.guard('toolCall.guard', call, dispatchContext())) as { reason: string; plugin: string }

  test('are called under the name session, one or several per hook, and leave the generation’s table alone', async () => {
    const seen: string[] = []
    const { hooks } = (await startKernel()).current
    const own = hooks.extend({
      'turn.start': [() => void seen.push('one'), () => void seen.push('two')],
      'toolCall.guard': (_, { session }) => ({
        deny: (session as unknown as { plugin: string }).plugin,
      }),
    })
    await own.observe('turn.start', INPUTS['turn.start'], dispatchContext())
    expect(seen).toEqual(['one', 'two'])
    expect(await reasonOf(own)).toMatchObject({ reason: 'session', plugin: 'session' })
    expect(hooks.has('turn.start')).toBe(false)
    expect(hooks.extend(undefined)).toBe(hooks)
    expect(hooks.extend({})).toBe(hooks)
  })

  test('are checked when they are given', async () => {
    const { hooks } = (await startKernel()).current
    expect(() => hooks.extend({ 'toolCall.before': () => {} } as never)).toThrow(
      expect.objectContaining({ code: 'ERR_HOOK_UNKNOWN' }),
    )
    expect(() => hooks.extend({ 'turn.start': 'log' } as never)).toThrow(
      expect.objectContaining({ code: 'ERR_HOOK_INVALID' }),
    )
  })

  test('a child is judged by its parent’s guards too, and its other hooks are its own', async () => {
    const seen: string[] = []
    const { hooks } = (await startKernel()).current
    const parent = hooks.extend({
      'toolCall.guard': () => ({ deny: 'the parent says no' }),
      'turn.start': () => void seen.push('parent'),
    })
    const child = hooks.extend({ 'turn.start': () => void seen.push('child') }, parent)
    const grandchild = hooks.extend(undefined, child)
    expect(await reasonOf(child)).toMatchObject({ kind: 'deny', reason: 'the parent says no' })
    expect(await reasonOf(grandchild)).toMatchObject({ kind: 'deny', reason: 'the parent says no' })
    await child.observe('turn.start', INPUTS['turn.start'], dispatchContext())
    await grandchild.observe('turn.start', INPUTS['turn.start'], dispatchContext())
    expect(seen).toEqual(['child'])
  })

  test('a guard that parent and child share judges once', async () => {
    let calls = 0
    const kernel = await startKernel([
      tapping('a', ({ hooks }) => hooks.tap('toolCall.guard', () => void calls++)),
    ])
    const { hooks } = kernel.current
    const child = hooks.extend(undefined, hooks.extend({ 'toolCall.guard': () => undefined }))
    await child.guard('toolCall.guard', call, dispatchContext())
    expect(calls).toBe(1)
    expect(hooks.extend(undefined, hooks)).toBe(hooks)
  })
})

describe('tapping', () => {
  const setupError = async (tap: (hooks: { tap: (...args: unknown[]) => void }) => void): Promise<unknown> =>
    await startKernel([tapping('a', ({ hooks }) => tap(hooks as never))]).then(
      () => undefined,
      (error: unknown) => error,
    )

  test('a hook that does not exist is refused by name', async () => {
    expect(await setupError((hooks) => hooks.tap('toolCall.before', () => {}))).toMatchObject({
      code: 'ERR_PLUGIN_SETUP',
      plugin: 'a',
      cause: { code: 'ERR_HOOK_UNKNOWN', plugin: 'a', hook: 'toolCall.before' },
    })
    expect(await setupError((hooks) => hooks.tap('toString', () => {}))).toMatchObject({
      cause: { code: 'ERR_HOOK_UNKNOWN' },
    })
  })

  test.each([
    ['no function', 'log', {}],
    ['an unknown order', () => {}, { order: 'first' }],
    ['a deadline of nothing', () => {}, { timeoutMs: 0 }],
    ['a deadline that is no number', () => {}, { timeoutMs: NaN }],
  ])('%s is refused', async (_, tap, options) => {
    expect(await setupError((hooks) => hooks.tap('turn.start', tap, options))).toMatchObject({
      cause: { code: 'ERR_HOOK_INVALID', plugin: 'a', hook: 'turn.start' },
    })
  })

  test('after setup is an error, and changes nothing', async () => {
    let tapLate: () => void = () => {}
    const kernel = await startKernel([
      tapping('a', ({ hooks }) => {
        tapLate = () => hooks.tap('turn.start', () => {})
      }),
    ])
    expect(tapLate).toThrow(
      expect.objectContaining({ code: 'ERR_HOOK_SEALED', plugin: 'a', hook: 'turn.start' }),
    )
    expect(kernel.current.hooks.has('turn.start')).toBe(false)
  })
})

test('a caller that has gone cannot be warned: then the kernel’s owner is', async () => {
  const options = kernelOptions()
  const kernel = await startKernel(
    [
      tapping('late', ({ hooks }) =>
        hooks.tap('turn.start', () => later(0).then(() => Promise.reject(new Error('boom')))),
      ),
    ],
    options,
  )
  const warn = (): void => {
    throw new Error('the session is closed')
  }
  await kernel.current.hooks.observe('turn.start', INPUTS['turn.start'], dispatchContext({ warn }))
  expect(options.warnings).toMatchObject([{ code: 'ERR_HOOK_FAILED', plugin: 'late' }])
})
