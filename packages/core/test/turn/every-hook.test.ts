import type { HookName, SessionHooks, Tap } from '@halter/core'
import { describe, expect, test } from 'vitest'
import { runEveryHook, type Run } from '../session/support/every-hook.ts'
import { tapping } from '../session/support/plugins.ts'

/** What a run comes to when nothing interferes. */
const UNDISTURBED = {
  created: true,
  status: 'completed',
  text: 'done',
  outcomes: { echo: 'ok', spawn: 'ok' },
  children: 1,
  compacted: 'summed up',
  warnings: [],
} satisfies Partial<Run>

/** By hook: what differs when its tap fails. `warns`: a warning with the plugin's name, and nothing else. */
const WHEN_FAILING: { readonly [H in HookName]: Partial<Run> | 'warns' } = {
  'session.transform': {
    created: false,
    status: undefined,
    text: undefined,
    outcomes: {},
    children: 0,
    compacted: undefined,
  },
  'session.start': 'warns',
  'session.end': 'warns',
  'turn.start': 'warns',
  'turn.end': 'warns',
  'prompt.transform': { status: 'failed', text: '', outcomes: {}, children: 0 },
  'prompt.guard': { text: '', outcomes: {}, children: 0 },
  'context.transform': { status: 'failed', text: '', outcomes: {}, children: 0 },
  'compaction.transform': 'warns',
  'compaction.guard': 'warns',
  'compaction.end': 'warns',
  'request.transform': { status: 'failed', text: '', outcomes: {}, children: 0 },
  'response.transform': { status: 'failed', text: '', outcomes: {}, children: 0 },
  'response.guard': { status: 'failed', text: '', outcomes: {}, children: 0 },
  'toolCall.transform': { outcomes: { echo: 'error', spawn: 'error' }, children: 0 },
  'toolCall.guard': { outcomes: { echo: 'denied', spawn: 'denied' }, children: 0 },
  'toolResult.transform': { outcomes: { echo: 'error', spawn: 'error' } },
  'toolCall.end': 'warns',
  'approval.guard': 'warns',
  'turn.guard': 'warns',
  'subagent.transform': { outcomes: { echo: 'ok', spawn: 'error' }, children: 0 },
  'subagent.guard': { outcomes: { echo: 'ok', spawn: 'error' }, children: 0 },
  'subagent.start': 'warns',
  'subagent.end': 'warns',
  'notification.end': 'warns',
}
const HOOKS = Object.keys(WHEN_FAILING) as HookName[]

function expected(hook: HookName): object {
  const rule = WHEN_FAILING[hook]
  if (rule === 'warns') return { ...UNDISTURBED, warnings: expect.any(Array) as unknown }
  return { ...UNDISTURBED, ...rule, warnings: expect.any(Array) as unknown }
}

function only(hook: HookName, tap: () => unknown): SessionHooks {
  return { [hook]: tap }
}

test('undisturbed, everything happens', async () => {
  expect(await runEveryHook(tapping('quiet', {}))).toMatchObject(UNDISTURBED)
})

describe('a tap is called at its moment:', () => {
  test('each hook at least once, in the order of the lifecycle', async () => {
    const called: string[] = []
    const note =
      (hook: HookName): Tap<HookName> =>
      (_, ctx) => {
        if (hook === 'session.transform' || ctx.session.blueprint.depth === 0) called.push(hook)
      }
    await runEveryHook(tapping('watcher', Object.fromEntries(HOOKS.map((hook) => [hook, note(hook)]))))
    const firsts = [...new Set(called)]
    expect(firsts.toSorted()).toEqual(HOOKS.toSorted())
    // The two calls run side by side, so what belongs to the child is left out of the order.
    expect(firsts.filter((hook) => !hook.startsWith('subagent.'))).toEqual([
      'session.transform',
      'session.start',
      'turn.start',
      'prompt.transform',
      'prompt.guard',
      'context.transform',
      'request.transform',
      'response.transform',
      'response.guard',
      'toolCall.transform',
      'toolCall.guard',
      'approval.guard',
      'toolResult.transform',
      'toolCall.end',
      'turn.guard',
      'turn.end',
      'notification.end',
      'compaction.transform',
      'compaction.guard',
      'compaction.end',
      'session.end',
    ])
  })
})

describe('a tap that throws', () => {
  test.each(HOOKS)('in %s follows the rule of its hook', async (hook) => {
    const run = await runEveryHook(
      tapping(
        'broken',
        only(hook, () => {
          throw new Error('bug')
        }),
      ),
    )
    expect(run).toMatchObject(expected(hook))
    if (WHEN_FAILING[hook] === 'warns') expect(run.warnings).toContain('ERR_HOOK_FAILED broken')
    if (hook === 'session.transform')
      expect(run.createError).toMatchObject({ code: 'ERR_HOOK_FAILED', plugin: 'broken', hook })
  })
})

describe('a tap that rejects', () => {
  test.each(HOOKS)('in %s follows the rule of its hook', async (hook) => {
    const run = await runEveryHook(
      tapping(
        'broken',
        only(hook, () => Promise.reject(new Error('bug'))),
      ),
    )
    expect(run).toMatchObject(expected(hook))
  })
})

describe('promise 24: a tap that hangs is left behind at its deadline, and', () => {
  test.each(HOOKS)('in %s follows the rule of its hook', async (hook) => {
    const startedAt = performance.now()
    const run = await runEveryHook(
      tapping(
        'hung',
        only(hook, () => new Promise(() => {})),
      ),
      { timeouts: { tap: 25 } },
    )
    expect(performance.now() - startedAt).toBeLessThan(25 * 8 + 1_000)
    const { warnings: _warnings, ...rest } = expected(hook) as Run
    if (hook !== 'turn.end') expect(run).toMatchObject(rest)
    expect(run.status === undefined || run.types.at(-1) === 'session.closed').toBe(true)
  })
})

describe('a tap that returns nonsense', () => {
  const observers = HOOKS.filter((hook) => /\.(start|end)$/.test(hook))
  test.each(HOOKS.filter((hook) => !observers.includes(hook)))(
    'from %s follows the rule of its hook',
    async (hook) => {
      const run = await runEveryHook(
        tapping(
          'odd',
          only(hook, () => 42),
        ),
      )
      expect(run).toMatchObject(expected(hook))
    },
  )

  test.each(observers)('from %s is not looked at', async (hook) => {
    expect(
      await runEveryHook(
        tapping(
          'odd',
          only(hook, () => 42),
        ),
      ),
    ).toMatchObject(UNDISTURBED)
  })
})
