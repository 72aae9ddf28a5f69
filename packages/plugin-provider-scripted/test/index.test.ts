import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineTool, jsonSchema, type SessionRuntime } from '@halter/core'
import { createTestRuntime } from '@halter/core/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import plugin from '../src/index.ts'

let folder: string
let runtime: SessionRuntime

beforeEach(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'halter-scripted-')))
  runtime = (await createTestRuntime({ plugins: [plugin] })).runtime
})
afterEach(async () => {
  await runtime.shutdown()
  rmSync(folder, { recursive: true, force: true })
})

describe('in a session', () => {
  test('the demo answers from what its tools return, and remembers it', async () => {
    writeFileSync(join(folder, 'README.md'), '# A small thing\n')
    writeFileSync(join(folder, 'notes.txt'), 'buy milk\n')
    const session = await runtime.newSession({ model: 'demo', workingDir: folder, tools: [glob, read] })
    const first = await session.submitTurn('What is this?').orThrow()
    expect(first.text).toContain('there are 2 files')
    expect(first.text).toContain('“# A small thing”')
    const second = await session.submitTurn('and now?').orThrow()
    expect(second.text).toContain('Before that, you said “What is this?”')
    expect(second.text).toContain('“buy milk”')
  })

  test('without tools the demo says what it misses', async () => {
    const session = await runtime.newSession({ model: 'demo' })
    expect((await session.submitTurn('Hi').orThrow()).text).toContain('does not have glob and read')
  })

  test('a failure that may pass is tried again, one that stays fails the turn with its words', async () => {
    const session = await runtime.newSession({
      model: script([
        { error: { kind: 'overloaded', message: 'Busy.', retryAfterMs: 1000 } },
        { text: 'done' },
        { error: 'Wrong.' },
      ]),
    })
    expect((await session.submitTurn('one').orThrow()).text).toBe('done')
    expect(await session.submitTurn('two').result).toMatchObject({
      status: 'failed',
      error: { code: 'ERR_MODEL_FAILED', message: 'Wrong.', kind: 'invalid-request' },
    })
  })

  test('an interrupt ends a delay at once and keeps the text that was said', async () => {
    const session = await runtime.newSession({ model: script([{ delayMs: 1, text: ['said ', 'unsaid'] }]) })
    const turn = session.submitTurn('go')
    for await (const event of turn) if (event.type === 'text.delta') turn.interrupt('enough')
    expect(await turn.result).toMatchObject({ reason: 'interrupted', text: 'said ' })
  })

  test('malformed tool input reaches the model as an error, and the script goes on', async () => {
    const replies = [{ toolCalls: [{ name: 'read', rawInput: '{"file_path": "x' }] }, { text: 'sorry' }]
    const session = await runtime.newSession({ model: script(replies), tools: [read] })
    const { messages, text } = await session.submitTurn('go').orThrow()
    expect(messages.find(({ role }) => role === 'tool')).toMatchObject({ isError: true })
    expect(text).toBe('sorry')
  })

  test('a script that cannot be used fails the creation of the session', async () => {
    await expect(runtime.newSession({ model: 'scripted/nowhere.json' })).rejects.toThrow('nowhere.json')
  })
})

function script(replies: readonly object[]): string {
  const file = join(folder, 'script.json')
  writeFileSync(file, JSON.stringify({ replies }))
  return `scripted/${file}`
}

const glob = defineTool({
  name: 'glob',
  description: 'Lists files.',
  input: jsonSchema<{ pattern: string }>({ type: 'object', properties: { pattern: { type: 'string' } } }),
  effects: 'none',
  concurrency: 'read-only',
  execute: (_, { workingDir }) => readdirSync(workingDir).join('\n'),
})

const read = defineTool({
  name: 'read',
  description: 'Reads a file.',
  input: jsonSchema<{ file_path: string }>({ type: 'object', properties: { file_path: { type: 'string' } } }),
  effects: 'none',
  concurrency: 'read-only',
  execute: ({ file_path: path }, { workingDir }) =>
    readFileSync(join(workingDir, path), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line, index) => `${index + 1}\t${line}`)
      .join('\n'),
})
