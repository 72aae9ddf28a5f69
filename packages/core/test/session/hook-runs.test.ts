import { expect, test } from 'vitest'
import { startRuntime } from './support/runtime.ts'
import { logOf } from './support/sound.ts'

test('what a handler did is recorded as its plugin tells it, with a bound on what it wrote', async () => {
  const { runtime } = await startRuntime({ script: () => ({ text: 'done' }) })
  const patch = { path: 'b.txt', drop: undefined }
  const session = await runtime.newSession({
    hooks: {
      'prompt.transform': async (_, ctx) => {
        await ctx.session.report({
          handler: './check.sh',
          source: 'hooks.json',
          status: 'changed',
          callId: 'c1',
          event: 'PreToolUse',
          decision: 'allow',
          patch: patch as never,
          output: 'x'.repeat(100_000),
          message: 'the path was changed',
          durationMs: 1.5,
        })
      },
    },
  })
  const turn = session.submitTurn('go')
  await turn.result
  patch.path = 'changed later'
  const ran = (await logOf(runtime, session.id)).filter(({ type }) => type === 'hook.ran')
  expect(ran).toMatchObject([
    {
      turnId: turn.turnId,
      run: {
        plugin: 'session',
        handler: './check.sh',
        source: 'hooks.json',
        status: 'changed',
        callId: 'c1',
        event: 'PreToolUse',
        decision: 'allow',
        patch: { path: 'b.txt' },
        output: 'x'.repeat(16 * 1024),
        message: 'the path was changed',
        durationMs: 1.5,
      },
    },
  ])
})

test('a change that is no JSON is refused: no replay could show it', async () => {
  const { runtime } = await startRuntime({ script: () => ({ text: 'done' }) })
  const loop: Record<string, unknown> = {}
  loop['self'] = loop
  let thrown: unknown
  const session = await runtime.newSession({
    hooks: {
      'prompt.transform': async (_, ctx) => {
        await ctx.session
          .report({ handler: 'x', status: 'changed', patch: loop as never })
          .catch((error: unknown) => (thrown = error))
      },
    },
  })
  await session.submitTurn('go').result
  expect(thrown).toMatchObject({ code: 'ERR_HOOK_INVALID', plugin: 'session' })
})
