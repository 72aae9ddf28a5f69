import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FunctionHandler, HandlerContext, HandlerResult, HookFunction } from '../../src/hook-handler.ts'
import { runHandler } from '../../src/handlers/run-handler.ts'
import { handlerBase, openSandbox, payloadOf, type Sandbox } from './sandbox.ts'

let box: Sandbox
beforeEach(() => {
  box = openSandbox()
})
afterEach(() => box.remove())

function call(
  run: HookFunction,
  more: Partial<FunctionHandler> = {},
  ctx: Partial<HandlerContext> = {},
): Promise<HandlerResult> {
  return runHandler({ ...handlerBase(more), type: 'function', run }, payloadOf(box.root), box.context(ctx))
}

describe('a function', () => {
  it('says what it returns, at once or later', async () => {
    expect(await call(() => undefined)).toEqual({ status: 'ok', durationMs: expect.any(Number) })
    expect(await call(() => ({ decision: 'block', reason: 'no' }))).toMatchObject({
      status: 'ok',
      output: { decision: 'block', reason: 'no' },
    })
    expect(await call(async ({ tool_name }) => `It was ${JSON.stringify(tool_name)}.`)).toMatchObject({
      status: 'ok',
      output: { hookSpecificOutput: { additionalContext: 'It was "Bash".' } },
    })
  })

  it('that throws, rejects or answers nonsense has failed', async () => {
    const fail = (): never => {
      throw new Error('it broke')
    }
    expect(await call(fail)).toMatchObject({ status: 'failed', error: 'The function hook failed: it broke' })
    expect(await call(async () => fail())).toMatchObject({ status: 'failed' })
    expect(await call(() => 7 as never)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('a number'),
    })
    expect(await call(() => ({ decision: 'perhaps' }) as never)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('"decision"'),
    })
  })

  it('that does not end is left behind when its time is over, and its signal is aborted', async () => {
    let reason: unknown
    const begin = performance.now()
    const run: HookFunction = (_payload, { signal }) => {
      signal.addEventListener('abort', () => (reason = signal.reason))
      return new Promise(() => {})
    }
    expect(await call(run, { timeoutMs: 100 })).toMatchObject({ status: 'timed-out' })
    expect(performance.now() - begin).toBeLessThan(1_000)
    expect(reason).toBeInstanceOf(Error)
  })

  it('that rejects when it is too late disturbs nobody', async () => {
    const run: HookFunction = (_payload, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('too late'))))
    expect(await call(run, { timeoutMs: 50 })).toMatchObject({ status: 'timed-out' })
  })

  it('is over when nobody waits for it', async () => {
    const control = new AbortController()
    const run = call(() => new Promise(() => {}), {}, { signal: control.signal })
    control.abort()
    expect(await run).toMatchObject({ status: 'cancelled' })
  })

  it('in the background that fails to tell of it is logged', async () => {
    const settled = (): never => {
      throw new Error('not now')
    }
    expect(await call(() => 'late', { isAsync: true }, { settled })).toMatchObject({ isRunning: true })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(box.logged.join('\n')).toContain('not now')
  })
})
