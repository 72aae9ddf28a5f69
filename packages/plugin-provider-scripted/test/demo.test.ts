import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ModelRequest, ToolSpec } from '@halter/core'
import type { AssistantPart, Json, Message } from '@halter/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ScriptedProvider } from '../src/scripted-provider.ts'
import { contentOf, play, request } from './play.ts'

let folder: string

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'halter-demo-')))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('demo', () => {
  test('looks at the folder, reads its README and quotes what the tools returned', async () => {
    writeFiles({
      'README.md': 'intro\n\n# The title\nmore\n',
      'package.json': '{\n  "name": "it"\n}\n',
      'z.bin': '',
    })
    const session = converse()
    const replies = await session.prompt('What is here?')
    expect(replies.map(({ calls }) => calls)).toEqual([
      [{ name: 'glob', input: { pattern: '*' } }],
      [{ name: 'read', input: { file_path: 'README.md' } }],
      [],
    ])
    const answer = replies.at(-1)!.text
    expect(answer).toContain('You said “What is here?”')
    expect(answer).toContain('there are 3 files in this folder')
    expect(answer).toContain('README.md has 4 lines and says “# The title”')
  })

  test('streams text and thinking in several deltas', async () => {
    const parts = await play(new ScriptedProvider(), request({ model: 'demo', tools: TOOLS }))
    for (const type of ['text.delta', 'thinking.delta', 'toolInput.delta'] as const)
      expect(parts.filter((part) => part.type === type).length).toBeGreaterThan(1)
  })

  test('a later prompt is answered from another file, with what was said before', async () => {
    writeFiles({ 'README.md': '# The title\n', 'package.json': '{\n  "name": "it",\n  "x": 1\n}\n' })
    const session = converse()
    await session.prompt('What is here?')
    const replies = await session.prompt('and now?')
    expect(replies.map(({ calls }) => calls)).toEqual([
      [{ name: 'read', input: { file_path: 'package.json' } }],
      [],
    ])
    const answer = replies.at(-1)!.text
    expect(answer).toContain('You said “and now?”')
    expect(answer).toContain('Before that, you said “What is here?”')
    expect(answer).toContain('README.md has 1 line and says “# The title”')
    expect(answer).toContain('package.json has 4 lines and is named “it”')
    const third = await session.prompt('more!')
    expect(third).toHaveLength(1)
    expect(third[0]!.text).toContain('I have read all 2 of the files')
  })

  test('without a README it reads package.json, without that the first text file by name', async () => {
    writeFiles({ 'package.json': '{}', 'a.md': 'x' })
    expect((await converse().prompt('?'))[1]!.calls).toEqual([
      { name: 'read', input: { file_path: 'package.json' } },
    ])
    rmSync(join(folder, 'package.json'))
    writeFiles({ 'b.ts': 'let a = 1', 'c.bin': '' })
    expect((await converse().prompt('?'))[1]!.calls).toEqual([{ name: 'read', input: { file_path: 'a.md' } }])
  })

  test('an empty folder, and one without text, are said to be so', async () => {
    expect((await converse().prompt('?')).at(-1)!.text).toMatch(
      /there are no files .*no file here that I could read/,
    )
    writeFiles({ 'a.bin': '' })
    const text = (await converse().prompt('?')).at(-1)!.text
    expect(text).toMatch(/there is 1 file .*read all 0 of the files here that look like text/)
  })

  test('a missing tool is named', async () => {
    const replies = await converse(TOOLS.filter(({ name }) => name !== 'read')).prompt('?')
    expect(replies).toHaveLength(1)
    expect(replies[0]!.text).toContain('does not have read')
  })

  test('a tool that fails ends the turn with its words', async () => {
    const session = converse(TOOLS, () => ({ text: 'Access denied.\nby policy', isError: true }))
    const replies = await session.prompt('?')
    expect(replies.at(-1)!.text).toBe('The tool glob did not work: “Access denied.”. I stop here.')
  })

  test('the same tool results give the same replies, ids included', async () => {
    writeFiles({ 'README.md': '# A\n' })
    expect(await converse().prompt('?')).toEqual(await converse().prompt('?'))
  })

  test('summaries and titles are short, and other purposes are refused politely', async () => {
    const ask = async (purpose: ModelRequest['purpose']) =>
      contentOf(await play(new ScriptedProvider(), request({ model: 'demo', purpose }))).text
    expect(await ask('title')).toBe('hello')
    expect(await ask('compaction')).toContain('hello')
    expect(await ask('judge')).toContain('nothing else')
  })
})

const TOOLS: readonly ToolSpec[] = ['glob', 'read'].map((name) => ({
  name,
  description: '',
  inputSchema: {},
}))

function writeFiles(files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
}

/** A session without a runtime: the model's calls are answered from the folder, as the real tools would. */
function converse(tools = TOOLS, run: (name: string, input: Json) => ToolAnswer = runTool) {
  const provider = new ScriptedProvider()
  const messages: Message[] = []
  const id = () => `m${messages.length}`
  const prompt = async (text: string) => {
    messages.push({ role: 'user', id: id(), at: 0, parts: [{ kind: 'text', text }] })
    const replies: { text: string; calls: { name: string; input: Json }[] }[] = []
    for (;;) {
      const content = contentOf(await play(provider, request({ model: 'demo', tools, messages })))
      const input = content.toolInput === '' ? undefined : (JSON.parse(content.toolInput) as Json)
      const calls = content.calls.map(({ callId, name }) => ({
        kind: 'toolCall' as const,
        callId,
        name,
        input: input!,
      }))
      const parts: AssistantPart[] = [{ kind: 'text', text: content.text }, ...calls]
      const from = { provider: 'scripted', model: 'demo' }
      messages.push({ role: 'assistant', id: id(), at: 0, parts, stopReason: 'end', from })
      replies.push({ text: content.text, calls: calls.map(({ name, input }) => ({ name, input })) })
      if (calls.length === 0) return replies
      for (const { callId, name, input } of calls) {
        const { text, isError } = run(name, input)
        messages.push({
          role: 'tool',
          id: id(),
          at: 0,
          callId,
          name,
          parts: [{ kind: 'text', text }],
          isError,
        })
      }
    }
  }
  return { prompt }
}

interface ToolAnswer {
  readonly text: string
  readonly isError: boolean
}

function runTool(name: string, input: Json): ToolAnswer {
  if (name === 'glob') {
    const names = readdirSync(folder)
    return { text: names.length > 0 ? names.join('\n') : '[No file fits "*".]', isError: false }
  }
  const lines = readFileSync(join(folder, (input as { file_path: string }).file_path), 'utf8')
    .trimEnd()
    .split('\n')
  return {
    text: lines.map((line, index) => `${String(index + 1).padStart(6)}\t${line}`).join('\n'),
    isError: false,
  }
}
