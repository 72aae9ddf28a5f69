import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  defineTool,
  jsonSchema,
  type ModelRequest,
  type SessionPort,
  type SessionStore,
  type Tool,
  type ToolContext,
} from '@halter/core'
import { createTestRuntime, type TestReply } from '@halter/core/testing'
import { SqliteSessionStore } from '@halter/plugin-sqlite-store'
import { textOf, type Message } from '@halter/protocol'
import { expect, onTestFinished, test } from 'vitest'
import plugin from '../src/index.ts'
import { createRecallTool } from '../src/recall-output.ts'
import { play } from './played.ts'

/** Over 16 KiB, so that the store keeps it aside; with text that a careless store would change. */
const LARGE = Array.from({ length: 3000 }, (_, line) => `line ${line} \u0000 \ud800 ÄÖ 👩‍👩‍👧`).join('\n')

const dump: Tool = defineTool({
  name: 'dump',
  description: 'Dumps.',
  input: jsonSchema<object>({ type: 'object' }),
  effects: 'none',
  concurrency: 'exclusive',
  execute: () => LARGE,
})

test('what was shortened, cleared and compacted away comes back character by character', async () => {
  const id = (request: ModelRequest): string => /\{"id":"([^"]+)"\}/.exec(textAt(request, -1))![1]!
  let output = ''
  const recall = (from: number): TestReply => ({
    toolCalls: [{ name: 'recall_output', input: { id: output, offset: from, limit: 90_000 } }],
  })
  const { session, provider } = await start([
    () => ({ toolCalls: [{ name: 'dump' }] }),
    (request) => {
      output = id(request)
      return recall(0)
    },
    () => ({ text: 'I have seen it.' }),
    () => ({ text: 'Holding.' }),
    () => ({ text: 'A summary.' }),
    () => recall(0),
    () => ({ text: 'And again.' }),
  ])
  const first = await session.submitTurn('dump it').orThrow()
  expect(recalled(first.messages)).toEqual([LARGE.slice(0, 90_000)])
  await session.submitTurn('hold on').orThrow()
  expect((await session.compact())?.outcome.summary).toContain(`- "${output}": dump {}, about`)
  expect(JSON.stringify(session.state.transcript.slice())).not.toContain('line 2999')
  const second = await session.submitTurn('again').orThrow()
  expect(recalled(second.messages)).toEqual([LARGE.slice(0, 90_000)])
  expect(provider.requests.length).toBeGreaterThan(5)
})

test('what is still in the window is not looked for in the log', async () => {
  const session = play()
  session.say('go')
  session.reply('', [{ output: 'all of it' }])
  const replay = (): never => {
    throw new Error('this must not be read')
  }
  const tool = createRecallTool({ replay } as unknown as SessionStore)
  const context = { session: session as unknown as SessionPort } as ToolContext
  const answer = await tool.execute({ id: 'id3-0-result', offset: 0, limit: 100 }, context)
  expect(answer).toEqual({ parts: [{ kind: 'text', text: 'all of it' }] })
})

test('a long output is read piece by piece, and the pieces are the whole', async () => {
  let output = ''
  let offset = 0
  const { session } = await start((request) => {
    const shown = textAt(request, -1)
    if (request.messages.length === 1) return { toolCalls: [{ name: 'dump' }] }
    output ||= /\{"id":"([^"]+)"\}/.exec(shown)![1]!
    const next = request.messages.length === 3 ? 0 : Number(/go on with offset (\d+)\]$/.exec(shown)?.[1])
    if (Number.isNaN(next)) return { text: 'that was all' }
    offset = next
    return { toolCalls: [{ name: 'recall_output', input: { id: output, offset } }] }
  })
  const { messages } = await session.submitTurn('dump it').orThrow()
  const pieces = recalled(messages)
  expect(pieces.length).toBeGreaterThan(3)
  expect(pieces.join('')).toBe(LARGE)
})

test('an id that names nothing, and a place past the end, are answered, not thrown', async () => {
  let output = ''
  const { session } = await start([
    () => ({ toolCalls: [{ name: 'dump' }] }),
    (request) => {
      output = /\{"id":"([^"]+)"\}/.exec(textAt(request, -1))![1]!
      const calls = [{ id: 'nowhere' }, { id: output, offset: 10_000_000 }]
      return { toolCalls: calls.map((input) => ({ name: 'recall_output', input })) }
    },
    () => ({ text: 'I see.' }),
  ])
  const { messages } = await session.submitTurn('dump it').orThrow()
  const answers = messages.filter((message) => message.role === 'tool').slice(1)
  expect(answers).toMatchObject([{ isError: true }, { isError: true }])
  expect(answers.map(textOf)).toEqual([
    'There is no tool output with the id "nowhere".',
    `The output has ${LARGE.length} characters: there is nothing at 10000000.`,
  ])
})

/** What `recall_output` returned, without the notes. */
function recalled(messages: readonly Message[]): readonly string[] {
  return messages
    .filter((message) => message.role === 'tool' && message.name === 'recall_output')
    .map((message) =>
      textOf(message).replace(/\n\[characters \d+ to \d+ of \d+(; go on with offset \d+)?\]$/, ''),
    )
}

function textAt({ messages }: ModelRequest, index: number): string {
  return textOf(messages.at(index)!)
}

async function start(
  script: readonly ((request: ModelRequest) => TestReply)[] | ((request: ModelRequest) => TestReply),
) {
  const folder = mkdtempSync(join(tmpdir(), 'halter-recall-'))
  const store = await SqliteSessionStore.open({ path: join(folder, 'sessions.db') })
  const replies = typeof script === 'function' ? undefined : [...script]
  const { runtime, provider } = await createTestRuntime({
    store,
    plugins: [plugin],
    script: (request) => (typeof script === 'function' ? script(request) : replies!.shift()!(request)),
    modelInfo: { window: 40_000 },
  })
  onTestFinished(async () => {
    await runtime.shutdown()
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return { session: await runtime.newSession({ tools: [dump] }), provider }
}
