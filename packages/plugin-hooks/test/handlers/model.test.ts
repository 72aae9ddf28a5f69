import {
  definePlugin,
  defineTool,
  type ModelRequest,
  type SessionPort,
  type SessionRuntime,
} from '@halter/core'
import { createTestRuntime, type TestReply } from '@halter/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isHookAgent } from '../../src/handlers/model/hook-agent.ts'
import { runHandler } from '../../src/handlers/run-handler.ts'
import {
  HOOK_AGENT,
  type AgentHandler,
  type HandlerContext,
  type HandlerResult,
  type PromptHandler,
} from '../../src/hook-handler.ts'
import { handlerBase, openSandbox, payloadOf, until, type Sandbox } from './sandbox.ts'

let box: Sandbox
const runtimes: SessionRuntime[] = []
beforeEach(() => {
  box = openSandbox()
})
afterEach(async () => {
  for (const runtime of runtimes.splice(0)) await runtime.shutdown()
  await box.remove()
})

/** What the model is asked in a hook, and what it answers; a session's own turn gets `done`. */
type Answers = (request: ModelRequest) => TestReply

const textOf = ({ messages }: ModelRequest): string => JSON.stringify([...messages])

const isHook = (request: ModelRequest): boolean =>
  `${JSON.stringify(request.system)}${textOf(request)}`.includes('Answer with one JSON object')

interface Judged {
  readonly results: readonly HandlerResult[]
  readonly requests: readonly {
    readonly model: string
    readonly messages: string
    readonly tools: readonly string[]
  }[]
  /** Taps that were called in a hook's agent, by the session's depth. */
  readonly nested: readonly (readonly [hook: string, depth: number, isNested: boolean])[]
  /** How the session's subagents ended, as far as that is recorded. */
  outcomes(): readonly (string | undefined)[]
  readonly status: string
}

/** Plays a turn at whose end handlers are run, one after the other. */
async function judge(
  handlers: readonly (PromptHandler | AgentHandler)[],
  answers: Answers,
  {
    ctx = {},
    limits = {},
    models = {},
  }: { ctx?: Partial<HandlerContext>; limits?: object; models?: object } = {},
): Promise<Judged> {
  const results: HandlerResult[] = []
  const nested: (readonly [string, number, boolean])[] = []
  let port: SessionPort | undefined
  const note = (hook: string, { blueprint }: SessionPort): void =>
    void nested.push([hook, blueprint.depth, isHookAgent()])
  const read = defineTool<{ readonly path: string }>({
    name: 'read',
    description: 'Reads.',
    input: { type: 'object', properties: { path: { type: 'string' } } },
    effects: 'none',
    concurrency: 'parallel',
    execute: ({ path }) => `contents of ${path}`,
  })
  const plugin = definePlugin({
    name: '@acme/judge',
    apiVersion: 1,
    contributes: ['tools'],
    setup({ hooks }) {
      hooks.tap('toolCall.guard', (_call, { session }) => note('toolCall.guard', session))
      hooks.tap('session.start', (_start, { session }) => note('session.start', session))
      hooks.tap('turn.guard', async (_stop, { session }) => {
        note('turn.guard', session)
        if (session.blueprint.depth > 0) return
        port = session
        for (const handler of handlers) {
          const payload = payloadOf('/tmp', {
            hook_event_name: 'Stop',
            last_assistant_message: 'All $& done',
          })
          results.push(await runHandler(handler, payload, box.context({ session, ...ctx })))
        }
      })
      return { tools: [read] }
    },
  })
  const { runtime, provider } = await createTestRuntime({
    plugins: [plugin],
    script: (request) => (isHook(request) ? answers(request) : { text: 'done' }),
  })
  runtimes.push(runtime)
  const session = await runtime.newSession({ limits, models })
  const { status } = await session.submitTurn('Go').result
  const asked = provider.requests.filter(isHook)
  return {
    results,
    requests: asked.map((request) => ({
      model: request.model,
      messages: textOf(request),
      tools: request.tools.map(({ name }) => name),
    })),
    nested,
    outcomes: () => [...port!.state.children.values()].map(({ outcome }) => outcome),
    status,
  }
}

function prompt(text: string, more: Partial<PromptHandler> = {}): PromptHandler {
  return { ...handlerBase({ event: 'Stop' }), type: 'prompt', prompt: text, ...more }
}

function agent(text: string, more: Partial<AgentHandler> = {}): AgentHandler {
  return { ...handlerBase({ event: 'Stop' }), type: 'agent', prompt: text, allowedTools: ['Read'], ...more }
}

const says =
  (text: string): Answers =>
  () => ({ text })

describe('a prompt hook', () => {
  it('asks the small model once, with no tools, and the payload in its prompt', async () => {
    const { requests } = await judge([prompt('Is it? $ARGUMENTS Really: $ARGUMENTS')], says('{"ok":true}'), {
      models: { small: 'test/small' },
    })
    expect(requests).toHaveLength(1)
    expect(requests[0]).toMatchObject({ model: 'test/small', tools: [] })
    const { messages } = requests[0]!
    expect(messages.split('All $& done')).toHaveLength(3)
    expect(messages).not.toContain('$ARGUMENTS')
  })

  it('is told what happened behind its prompt, where that names no place for it', async () => {
    const { requests } = await judge([prompt('Is it done?')], says('{"ok":true}'))
    expect(requests[0]!.messages).toMatch(/Is it done\?.+All \$& done/)
  })

  it('asks the model that it names; one of another program that is not here gives way to the small one', async () => {
    const { requests, results } = await judge(
      [
        prompt('?', { model: 'test/judge' }),
        prompt('?', { model: 'haiku' }),
        prompt('?', { model: 'haiku', dialect: 'halter' }),
      ],
      says('{"ok":true}'),
      { models: { small: 'test/small' } },
    )
    expect(requests.map(({ model }) => model)).toEqual(['test/judge', 'test/small'])
    expect(results.map(({ status }) => status)).toEqual(['ok', 'ok', 'failed'])
    expect(results[2]!.error).toContain('haiku')
  })

  it.each([
    ['{"ok":true}', {}],
    ['{"ok":false,"reason":"tests fail"}', { decision: 'block', reason: 'tests fail' }],
    ['```json\n{"ok": false, "reason": "no"}\n```', { decision: 'block', reason: 'no' }],
    [
      'I looked at {it}.\n\n```\n{"ok": false, "reason": "a } b"}\n```\nSo there.',
      { decision: 'block', reason: 'a } b' },
    ],
    ['Verdict: {"ok": true} as far as I see.', {}],
    [
      '{"hookSpecificOutput":{"permissionDecision":"ask","permissionDecisionReason":"who?"}}',
      { hookSpecificOutput: { permissionDecision: 'ask', permissionDecisionReason: 'who?' } },
    ],
    ['{"continue":false,"stopReason":"enough"}', { continue: false, stopReason: 'enough' }],
  ])('understands %j', async (text, output) => {
    const { results } = await judge([prompt('?')], says(text))
    expect(results[0]).toMatchObject({ status: 'ok', output })
    expect(results[0]!.output).toEqual(output)
  })

  it.each([
    ['It looks fine to me.', 'did not answer with JSON: It looks fine'],
    ['', 'it said nothing'],
    ['{}', 'decides nothing'],
    ['{"allowed": false}', 'decides nothing'],
    ['{"ok": fal', 'did not answer with JSON'],
    ['{"decision":"maybe"}', '"decision"'],
  ])('takes %j for no answer', async (text, error) => {
    const { results } = await judge([prompt('?')], says(text))
    expect(results[0]).toMatchObject({ status: 'failed', error: expect.stringContaining(error) })
    expect(results[0]!.output).toBeUndefined()
  })

  it('that fails or hangs is a failed run, and the turn goes on', async () => {
    const replies: readonly TestReply[] = [
      { error: { kind: 'refused', message: 'not that' } },
      { hangs: true, isCutOff: true },
    ]
    let call = 0
    const { results, status } = await judge(
      [prompt('?'), prompt('?', { timeoutMs: 150 })],
      () => replies[call++]!,
    )
    expect(results).toMatchObject([
      { status: 'failed', error: expect.stringContaining('not that') },
      { status: 'timed-out', error: expect.stringContaining('150 ms') },
    ])
    expect(status).toBe('completed')
  })

  it('is over when nobody waits for it', async () => {
    const control = new AbortController()
    setTimeout(() => control.abort(), 100)
    const { results } = await judge([prompt('?')], () => ({ hangs: true, isCutOff: true }), {
      ctx: { signal: control.signal },
    })
    expect(results).toMatchObject([{ status: 'cancelled' }])
  })
})

describe('an agent hook', () => {
  /** Reads a file, then says what it was told to say. */
  const reads =
    (verdict: string): Answers =>
    (request) =>
      textOf(request).includes('contents of')
        ? { text: verdict }
        : { toolCalls: [{ name: 'read', input: { path: 'plan.md' } }] }

  it('looks around with the tools that it names, and its last words are the answer', async () => {
    const { results, requests, outcomes } = await judge(
      [agent('Check. $ARGUMENTS')],
      reads('{"ok":false,"reason":"no plan"}'),
    )
    expect(results).toMatchObject([{ status: 'ok', output: { decision: 'block', reason: 'no plan' } }])
    expect(requests.map(({ tools }) => tools)).toEqual([['read'], ['read']])
    expect(requests[1]!.messages).toContain('contents of plan.md')
    expect(requests[0]!.messages).toContain('All $& done')
    expect(outcomes()).toEqual(['completed'])
  })

  it('is known wherever something happens in it, and nowhere else', async () => {
    const { nested } = await judge([agent('Check.')], reads('{"ok":true}'))
    expect(nested).toContainEqual(['session.start', 1, true])
    expect(nested).toContainEqual(['toolCall.guard', 1, true])
    expect(nested).toContainEqual(['turn.guard', 1, true])
    expect(nested.filter(([, depth]) => depth === 0).every(([, , isNested]) => !isNested)).toBe(true)
  })

  it('does with what the session has where it names no tools', async () => {
    const { results, requests } = await judge([agent('Check.', { allowedTools: [] })], says('{"ok":true}'))
    // `glob` and `grep` are not there, and a part of what it may use is not a choice that anybody made.
    expect(results).toMatchObject([{ status: 'ok' }])
    expect(requests.at(-1)!.tools).toEqual([])
  })

  it('asks the model of subagents where one of another program is not here', async () => {
    const handlers = [
      agent('Check.', { model: 'haiku', allowedTools: [] }),
      agent('Check.', { model: 'haiku', dialect: 'halter' }),
    ]
    const { results, requests } = await judge(handlers, says('{"ok":true}'), {
      models: { subagent: 'test/sub' },
    })
    expect(results).toMatchObject([
      { status: 'ok' },
      { status: 'failed', error: expect.stringContaining('haiku') },
    ])
    expect(requests.map(({ model }) => model)).toEqual(['test/sub'])
  })

  it('fails with a tool that is not there', async () => {
    const { results } = await judge([agent('Check.', { allowedTools: ['Bash'] })], says('{"ok":true}'))
    expect(results).toMatchObject([{ status: 'failed', error: expect.stringContaining('shell') }])
  })

  it('has its number of turns, and its time', async () => {
    const tireless: Answers = () => ({
      toolCalls: [{ name: 'read', input: { path: String(Math.random()) } }],
    })
    const { results, requests } = await judge([agent('Check.', { maxTurns: 3 })], tireless)
    expect(requests).toHaveLength(3)
    expect(results).toMatchObject([{ status: 'failed', error: expect.stringContaining('without an answer') }])
    const hanging = await judge([agent('Check.', { timeoutMs: 150 })], () => ({
      hangs: true,
      isCutOff: true,
    }))
    expect(hanging.results).toMatchObject([{ status: 'timed-out' }])
    await until(() => hanging.outcomes()[0] === 'cancelled')
  })

  it('counts as a subagent: its depth is one more than that of its session', async () => {
    const { results, requests } = await judge([agent('Check.')], says('{"ok":true}'), {
      limits: { depth: 0 },
    })
    expect(results).toMatchObject([{ status: 'failed', error: expect.stringContaining('depth') }])
    expect(requests).toEqual([])
  })

  it('has a name of its own', async () => {
    const seen: (string | undefined)[] = []
    await judge([agent('Check.')], ({ agent: name }) => {
      seen.push(name)
      return { text: '{"ok":true}' }
    })
    expect(seen).toEqual([HOOK_AGENT])
  })
})
