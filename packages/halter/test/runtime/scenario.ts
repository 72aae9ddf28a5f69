import { defineTool, type SessionHandle, type SessionStore, type StandardSchema } from '@halter/core'
import { createTestRuntime, type TestReply } from '@halter/core/testing'
import type { Json } from '@halter/protocol'

const anyInput: StandardSchema<Record<string, Json>> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => ({ value: value as Record<string, Json> }),
    jsonSchema: { input: () => ({ type: 'object' }) },
  },
}

/** Answers with what it was given, and notes it. */
export const echo = defineTool({
  name: 'echo',
  description: 'echo',
  input: anyInput,
  effects: 'none',
  concurrency: 'parallel',
  async execute(input, ctx) {
    ctx.emit('working')
    await ctx.session.note('echoed', input)
    return { echoed: input, text: 'NUL \0, half a pair \ud83d, and a whole one 😀' }
  },
})

const script: TestReply[] = [
  {
    thinking: 'hm',
    text: ['one ', 'two'],
    toolCalls: [
      { name: 'echo', id: 'a', input: { n: 1 } },
      { name: 'echo', id: 'b', input: { n: 2 } },
      { name: 'nobody', id: 'c' },
    ],
  },
  { text: 'x'.repeat(40_000) },
  { error: { kind: 'auth', message: 'no key' } },
  { text: 'the end' },
]

/** A session with a bit of everything in one store: tools, a large part, a failure, notes, an update. */
export async function playScenario(store: SessionStore): Promise<{
  readonly runtime: Awaited<ReturnType<typeof createTestRuntime>>['runtime']
  readonly session: SessionHandle
}> {
  const { runtime } = await createTestRuntime({ store, script })
  const session = await runtime.newSession({
    sessionId: 'scenario',
    tools: [echo],
    workingDir: '/work',
    metadata: { "quo'te": 'va"lue; DROP TABLE sessions' },
  })
  await session.submitTurn('lone \udc00 surrogate').result
  await session.submitTurn('fails').result
  await session.notify('kind', 'message')
  await session.update({ title: 'renamed' })
  await session.submitTurn([{ kind: 'text', text: 'y'.repeat(20_000) }]).result
  return { runtime, session }
}
