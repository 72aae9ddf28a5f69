import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isHalterError } from '@halter/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ScriptedProvider } from '../src/scripted-provider.ts'
import { contentOf, play, request, userMessage } from './play.ts'

const examples = fileURLToPath(new URL('../../../examples/scripts/', import.meta.url))
let folder: string
let provider: ScriptedProvider

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'halter-scripts-')))
  provider = new ScriptedProvider()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('script files', () => {
  test.each([
    ['a.json', '{"replies": [{"text": "from a file"}]}'],
    ['a.yaml', 'replies:\n  - text: from a file\n'],
    ['a.yml', 'replies: [{ text: from a file }]'],
    ['a.mjs', 'export default { replies: [{ text: "from a file" }] }'],
    ['a.js', 'export default () => ({ text: "from a file" })'],
    ['a.ts', 'export default async (request: object) => ({ text: request ? "from a file" : "" })'],
  ])('%s can be played, by an absolute path and by one from the working directory', async (name, content) => {
    const file = write(name, content)
    expect(await say(file)).toBe('from a file')
    expect(await say(relative(process.cwd(), file))).toBe('from a file')
  })

  test('a module states the facts of its function beside it', async () => {
    const file = write('a.mjs', 'export default () => ({})\nexport const info = { window: 123 }')
    expect(await provider.info(`scripted/${file}`)).toMatchObject({ window: 123, maxOutput: 4096 })
  })

  test('a file is read once, and again when it has changed', async () => {
    const file = write('a.json', '{"loop": true, "replies": [{"text": "one"}]}')
    expect(await say(file)).toBe('one')
    const content = provider.info(`scripted/${file}`)
    expect(content).not.toBeInstanceOf(Promise)
    write('a.json', '{"loop": true, "replies": [{"text": "two"}]}', 1)
    expect(await say(file)).toBe('two')
  })

  test('a module that has changed is imported again', async () => {
    const file = write('a.mjs', 'export default () => ({ text: "one" })')
    expect(await say(file)).toBe('one')
    write('a.mjs', 'export default () => ({ text: "two" })', 1)
    expect(await say(file)).toBe('two')
  })

  test('a file that was wrong can be corrected', async () => {
    const file = write('a.mjs', 'export default 1')
    await expect(say(file)).rejects.toThrow('must be an object')
    write('a.mjs', 'export default () => ({ text: "right" })', 1)
    expect(await say(file)).toBe('right')
  })
})

describe('what is wrong with a file is said with the file, the place and the cure', () => {
  test('one that is not there', async () => {
    const { message } = await problem('nowhere/x.json')
    expect(message).toContain(`there is no file ${join(process.cwd(), 'nowhere/x.json')}`)
  })

  test('one whose kind nobody knows', async () => {
    expect((await problem(write('a.txt', ''))).message).toContain('Use .json, .yaml')
  })

  test.each([
    ['a.json', '{"replies": [1 2]}', /could not be read: .*JSON.*line 1 column 16/],
    ['a.yaml', 'replies: [\n - {', /could not be read: .*line \d/s],
    ['a.mjs', 'export default {', /could not be imported: /],
    ['b.mjs', 'throw new Error("boom")', /could not be imported: boom/],
    ['c.mjs', 'export default () => ({})\nexport const info = { windw: 1 }', /info\.windw is not known here/],
    ['b.json', '[]', /the whole must be an object, not \[\]/],
    ['c.json', '{}', /replies is missing/],
  ])('%s: %s', async (name, content, message) => {
    expect((await problem(write(name, content))).message).toMatch(message)
  })

  test('all problems at once, each with its path', async () => {
    const file = write(
      'a.json',
      JSON.stringify({
        loop: 'yes',
        replies: [
          { txt: 'typo' },
          { text: [1], delayMs: -1, stopReason: 'done' },
          { toolCalls: [{ input: {} }, { name: 'a', input: 1, rawInput: '{' }] },
          { error: { kind: 'odd', message: 'm' }, when: { agents: 'x' } },
          { error: 5, usage: { inputTokens: 'many' } },
        ],
        info: { prices: { input: 1 } },
      }),
    )
    const { message, code, kind } = await problem(file)
    expect({ code, kind }).toEqual({ code: 'ERR_MODEL_FAILED', kind: 'invalid-request' })
    expect(message).toContain(file)
    for (const part of [
      'loop must be true or false, not "yes"',
      'replies[0].txt is not known here (known: text, thinking,',
      'replies[1].text[0] must be text, not 1',
      'replies[1].delayMs must be a number from 0, not -1',
      'replies[1].stopReason must be one of end, tool-calls, max-output, refused, not "done"',
      'replies[2].toolCalls[0].name is missing',
      'replies[2].toolCalls[1] has both input and rawInput: keep one',
      'replies[3].error.kind must be one of auth,',
      'replies[3].when.agents is not known here (known: purpose, agent)',
      'replies[4].error must be text or { kind, message }, not 5',
      'replies[4].usage.inputTokens must be a number from 0, not "many"',
      'info.prices.output is missing',
    ])
      expect(message).toContain(part)
  })
})

describe('the example scripts', () => {
  test.each(readdirSync(examples).filter((name) => !/^(errors\.json|summary\.yaml|echo\.mjs)$/.test(name)))(
    '%s plays to its end',
    async (name) => {
      const model = `scripted/${join(examples, name)}`
      const { replies } = JSON.parse(readFileSync(join(examples, name), 'utf8')) as {
        replies: { when?: { purpose?: string } }[]
      }
      for (const { when } of replies) {
        const parts = await play(provider, request({ model, purpose: when?.purpose ?? 'turn' }))
        expect(parts.at(-1)?.type).toBe('end')
      }
    },
  )

  test('errors.json: one failure that passes, and one that stays', async () => {
    const model = `scripted/${examples}errors.json`
    await expect(play(provider, request({ model }))).rejects.toMatchObject({ retryable: true })
    expect(contentOf(await play(provider, request({ model }))).text).toContain('tried again')
    await expect(play(provider, request({ model }))).rejects.toMatchObject({ kind: 'invalid-request' })
  })

  test('summary.yaml: the summary is for the compaction only', async () => {
    const model = `scripted/${examples}summary.yaml`
    const ask = async (purpose: string) => contentOf(await play(provider, request({ model, purpose }))).text
    expect(await ask('turn')).toContain('second time')
    expect(await ask('turn')).toContain('compact it')
    expect(await ask('turn')).toContain('only know the summary')
    expect(await ask('compaction')).toContain('asked twice')
  })

  test('echo.mjs: code that answers with what it was told', async () => {
    const asked = request({ model: `scripted/${examples}echo.mjs`, messages: [userMessage('well, well')] })
    expect(contentOf(await play(provider, asked)).text).toBe('Call 1. You said: well, well')
  })

  test('tools.json and parallel.json name only tools that need no approval, and files that are here', () => {
    for (const name of ['tools.json', 'parallel.json']) {
      const { replies } = JSON.parse(readFileSync(join(examples, name), 'utf8')) as {
        replies: { toolCalls?: { name: string; input: { file_path?: string } }[] }[]
      }
      const calls = replies.flatMap(({ toolCalls = [] }) => toolCalls)
      expect(calls.filter((call) => !['glob', 'grep', 'read'].includes(call.name))).toEqual([])
      const files = calls.flatMap(({ input }) => input.file_path ?? [])
      for (const file of files) expect(['README.md', 'package.json']).toContain(file)
    }
  })
})

function write(name: string, content: string, laterBySeconds = 0): string {
  const file = join(folder, name)
  writeFileSync(file, content)
  const time = Date.now() / 1000 + laterBySeconds
  utimesSync(file, time, time)
  return file
}

async function say(path: string): Promise<string> {
  const model = `scripted/${path}`
  await provider.info(model)
  return contentOf(await play(provider, request({ model }))).text
}

async function problem(path: string) {
  const error = await Promise.resolve()
    .then(() => provider.info(`scripted/${path}`))
    .then(
      () => undefined,
      (reason: unknown) => reason,
    )
  if (!isHalterError(error)) throw new Error('no problem was found', { cause: error })
  return error
}
