import { HalterError, type HookName, type Tap } from '@halter/core'
import { describe, expect, test } from 'vitest'
import { callHook, dispatchContext, INPUTS, kernelOptions, startKernel, tapping } from './fixtures.ts'

/** What the specification of the lifecycle says a failing tap does. */
const RULES: Record<HookName, 'throws' | 'denies' | 'passes' | 'unchanged' | 'goes on'> = {
  'session.transform': 'throws',
  'session.start': 'goes on',
  'session.end': 'goes on',
  'turn.start': 'goes on',
  'turn.end': 'goes on',
  'prompt.transform': 'throws',
  'prompt.guard': 'denies',
  'context.transform': 'throws',
  'compaction.transform': 'unchanged',
  'compaction.guard': 'passes',
  'compaction.end': 'goes on',
  'request.transform': 'throws',
  'response.transform': 'throws',
  'response.guard': 'denies',
  'toolCall.transform': 'throws',
  'toolCall.guard': 'denies',
  'toolResult.transform': 'throws',
  'toolCall.end': 'goes on',
  'approval.guard': 'passes',
  'turn.guard': 'passes',
  'subagent.transform': 'throws',
  'subagent.guard': 'denies',
  'subagent.start': 'goes on',
  'subagent.end': 'goes on',
  'notification.end': 'goes on',
}

const boom = new Error('boom')
const FAILURES: Record<string, { readonly code: string; readonly tap: () => unknown }> = {
  throws: {
    code: 'ERR_HOOK_FAILED',
    tap: () => {
      throw boom
    },
  },
  'throws what is no error': {
    code: 'ERR_HOOK_FAILED',
    tap: () => {
      // oxlint-disable-next-line typescript/only-throw-error -- what plugins do
      throw 'boom'
    },
  },
  rejects: { code: 'ERR_HOOK_FAILED', tap: () => Promise.reject(boom) },
  'rejects later': {
    code: 'ERR_HOOK_FAILED',
    tap: async () => {
      await new Promise((resolve) => setTimeout(resolve, 2))
      throw boom
    },
  },
  'never settles': { code: 'ERR_HOOK_TIMEOUT', tap: () => new Promise(() => {}) },
  'returns a string': { code: 'ERR_HOOK_INVALID', tap: () => 'boom' },
  'resolves to true': { code: 'ERR_HOOK_INVALID', tap: async () => true },
  'returns an object of another shape': { code: 'ERR_HOOK_INVALID', tap: () => ({ wrong: 1 }) },
  'returns a promise whose then throws': {
    code: 'ERR_HOOK_FAILED',
    tap: () => ({
      // oxlint-disable-next-line unicorn/no-thenable -- the case itself
      then: () => {
        throw boom
      },
    }),
  },
}

const CASES = (Object.keys(RULES) as HookName[]).flatMap((hook) =>
  Object.keys(FAILURES).map((failure) => [hook, failure] as const),
)

describe.each(CASES)('%s: a tap that %s', (hook, failure) => {
  const { code, tap } = FAILURES[failure]!
  const rule = RULES[hook]
  const isHarmless = rule === 'goes on' && code === 'ERR_HOOK_INVALID'

  test(isHarmless ? 'does no harm: what an observer returns is not looked at' : rule, async () => {
    const kernel = await startKernel([
      tapping('broken', ({ hooks }) => hooks.tap(hook, tap as Tap<typeof hook>, { timeoutMs: 10 })),
    ])
    const ctx = dispatchContext()
    const called = callHook(kernel.current.hooks, hook, ctx)
    if (rule === 'throws') {
      await expect(called).rejects.toMatchObject({ code, plugin: 'broken', hook })
      await expect(called).rejects.toThrow(/^broken .*Re(pair|turn) /)
      if (code === 'ERR_HOOK_FAILED') await expect(called).rejects.toHaveProperty('cause')
      return
    }
    const outcome = await called
    if (rule === 'denies')
      expect(outcome).toMatchObject({
        kind: 'deny',
        plugin: 'broken',
        error: { code, hook, plugin: 'broken' },
      })
    else expect(outcome).toBe(rule === 'unchanged' ? INPUTS[hook] : undefined)
    const warned = rule !== 'denies' && !isHarmless
    expect(ctx.warnings).toEqual(
      warned ? [{ code, message: expect.stringContaining('broken'), plugin: 'broken' }] : [],
    )
  })
})

describe.each(Object.keys(RULES) as HookName[])('%s: a tap that refuses', (hook) => {
  const rule = RULES[hook]
  const refuse = (): never => {
    throw new HalterError('ERR_TURN_REFUSED', 'Not on a Friday.')
  }

  test.each([
    ['at once', refuse],
    ['later', async () => refuse()],
  ])('%s has its own words, and nobody is told to repair it', async (_when, tap) => {
    const kernel = await startKernel([tapping('strict', ({ hooks }) => hooks.tap(hook, tap))])
    const ctx = dispatchContext()
    const called = Promise.resolve(callHook(kernel.current.hooks, hook, ctx))
    const refusal = { code: 'ERR_TURN_REFUSED', message: 'Not on a Friday.', plugin: 'strict' }
    if (rule === 'throws') await expect(called).rejects.toMatchObject({ ...refusal, hook })
    else if (rule === 'denies')
      expect(await called).toEqual({ kind: 'deny', reason: 'Not on a Friday.', plugin: 'strict' })
    else expect(await called).toBe(rule === 'unchanged' ? INPUTS[hook] : undefined)
    expect(ctx.warnings).toEqual(rule === 'throws' || rule === 'denies' ? [] : [refusal])
  })
})

test('a refusal of another tap that nobody caught is a failure of the tap that it came through', async () => {
  const refusal = new HalterError('ERR_TURN_REFUSED', 'guard refused the subagent: no', {
    plugin: 'guard',
    hook: 'subagent.guard',
  })
  const kernel = await startKernel([
    tapping('careless', ({ hooks }) => hooks.tap('prompt.transform', () => Promise.reject(refusal))),
  ])
  await expect(callHook(kernel.current.hooks, 'prompt.transform', dispatchContext())).rejects.toMatchObject({
    code: 'ERR_HOOK_FAILED',
    plugin: 'careless',
    cause: refusal,
  })
})

test('the other taps of the hook run beside a broken observer', async () => {
  const seen: string[] = []
  const kernel = await startKernel([
    tapping('broken', ({ hooks }) =>
      hooks.tap('turn.start', () => {
        throw boom
      }),
    ),
    tapping('sound', ({ hooks }) => hooks.tap('turn.start', () => void seen.push('sound'))),
  ])
  await callHook(kernel.current.hooks, 'turn.start', dispatchContext())
  expect(seen).toEqual(['sound'])
})

test('taps that are told to end do not warn of it', async () => {
  const kernel = await startKernel([
    tapping('polite', ({ hooks }) =>
      hooks.tap('turn.start', async (_, { signal }) => {
        await new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error)),
        )
      }),
    ),
  ])
  const abort = new AbortController()
  const ctx = dispatchContext({ signal: abort.signal })
  const called = callHook(kernel.current.hooks, 'turn.start', ctx)
  abort.abort(new Error('interrupted'))
  await called
  expect(ctx.warnings).toEqual([])
})

test.each(['session.end', 'turn.end'] as const)(
  '%s is left after a second, however long its tap would like to have',
  async (hook) => {
    const kernel = await startKernel(
      [
        tapping('slow', ({ hooks }) =>
          hooks.tap(hook, () => new Promise<void>(() => {}), { timeoutMs: 60_000 }),
        ),
      ],
      kernelOptions({ timeouts: { setup: 500, tap: 60_000, cleanup: 500 } }),
    )
    const ctx = dispatchContext()
    const startedAt = performance.now()
    await callHook(kernel.current.hooks, hook, ctx)
    expect(performance.now() - startedAt).toBeLessThan(5_000)
    expect(ctx.warnings).toMatchObject([{ code: 'ERR_HOOK_TIMEOUT', plugin: 'slow' }])
  },
)
