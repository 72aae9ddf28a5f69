import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SessionHandle } from '@halter/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ToolSpeech } from '../../src/transcript/blocks.ts'
import { echo, linesOf, openPlayed, otherPort, type Played } from './played.ts'
import { until } from '../handlers/sandbox.ts'

const isWindows = process.platform === 'win32'

/** Runs a prompt to its end and returns the transcript's path. */
async function play(played: Played, session: SessionHandle, prompt: string): Promise<string> {
  await session.submitTurn(prompt).result
  return played.transcripts.update(played.portOf(session))
}

const script = [
  {
    thinking: 'Let me look.',
    text: 'I will ask.',
    toolCalls: [
      { id: 'call-a', name: 'shell', input: { text: 'pong' } },
      { id: 'call-b', name: 'shell', input: { text: 'fail' } },
    ],
    usage: { inputTokens: 100, outputTokens: 7, cacheReadTokens: 60, cacheWriteTokens: 30 },
  },
  { text: 'It said pong.' },
]

describe('the lines of a transcript', () => {
  it('are those that Claude Code writes: one per block, linked, with role, content and usage', async () => {
    await using played = await openPlayed({ script })
    const session = await played.runtime.newSession({ tools: [echo], workingDir: '/tmp' })
    const lines = linesOf(await play(played, session, 'Ping?'))
    const common = { isSidechain: false, userType: 'external', cwd: '/tmp', sessionId: session.id }
    for (const line of lines) expect(line).toMatchObject(common)
    expect(lines.map(({ type, message }) => [type, message?.role, message?.content])).toEqual([
      ['user', 'user', 'Ping?'],
      ['assistant', 'assistant', [{ type: 'thinking', thinking: 'Let me look.', signature: 'signed' }]],
      ['assistant', 'assistant', [{ type: 'text', text: 'I will ask.' }]],
      [
        'assistant',
        'assistant',
        [{ type: 'tool_use', id: 'call-a', name: 'shell', input: { text: 'pong' } }],
      ],
      [
        'assistant',
        'assistant',
        [{ type: 'tool_use', id: 'call-b', name: 'shell', input: { text: 'fail' } }],
      ],
      ['user', 'user', [{ type: 'tool_result', tool_use_id: 'call-a', content: 'pong' }]],
      ['user', 'user', [expect.objectContaining({ tool_use_id: 'call-b', is_error: true })]],
      ['assistant', 'assistant', [{ type: 'text', text: 'It said pong.' }]],
    ])
    const uuids = lines.map(({ uuid }) => uuid)
    expect(new Set(uuids).size).toBe(uuids.length)
    for (const uuid of uuids)
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(lines.map(({ parentUuid }) => parentUuid)).toEqual([null, ...uuids.slice(0, -1)])
    const replies = lines.filter(({ type }) => type === 'assistant').map(({ message }) => message!)
    expect(new Set(replies.slice(0, 4).map((message) => message['id'])).size).toBe(1)
    expect(replies[0]).toMatchObject({
      type: 'message',
      model: 'test',
      stop_reason: 'tool_use',
      usage: {
        input_tokens: 10,
        cache_creation_input_tokens: 30,
        cache_read_input_tokens: 60,
        output_tokens: 7,
      },
    })
    expect(replies.at(-1)).toMatchObject({
      stop_reason: 'end_turn',
      usage: { input_tokens: 10, output_tokens: 5 },
    })
    expect(lines.every(({ timestamp }) => !Number.isNaN(Date.parse(timestamp)))).toBe(true)
    expect(lines[5]).toMatchObject({ toolUseResult: 'pong' })
  })

  it('show tools as whoever reads them knows them', async () => {
    const speech: ToolSpeech = {
      call: ({ name, input }) => ({ name: `My${name}`, input: { wrapped: input } }),
      result: (call, text, cwd) => ({ call, text, cwd }),
    }
    await using played = await openPlayed({ script, transcripts: { speech } })
    const session = await played.runtime.newSession({ tools: [echo], workingDir: '/tmp' })
    const lines = linesOf(await play(played, session, 'Ping?'))
    expect(lines[5]!['toolUseResult']).toMatchObject({
      call: { name: 'shell', input: { text: 'pong' } },
      text: 'pong',
      cwd: '/tmp',
    })
    expect(lines[6]!['toolUseResult']).toContain('it broke')
    expect(lines[3]!.message!.content).toEqual([
      { type: 'tool_use', id: 'call-a', name: 'Myshell', input: { wrapped: { text: 'pong' } } },
    ])
  })

  it('hold any text, pictures, and the folder of their time', async () => {
    const nasty = 'a\u2028b\nc"d\\ \ud83d \0'
    await using played = await openPlayed({ script: [{ text: nasty }, { text: 'Moved.' }] })
    const session = await played.runtime.newSession({ workingDir: '/tmp' })
    await session.submitTurn([
      { kind: 'text', text: nasty },
      { kind: 'image', mediaType: 'image/png', data: 'AAAA' },
      { kind: 'document', mediaType: 'application/pdf', data: 'BBBB', name: 'a.pdf' },
    ]).result
    await session.update({ workingDir: '/' })
    const lines = linesOf(await play(played, session, 'Where?'))
    expect(lines[0]!.message!.content).toEqual([
      { type: 'text', text: nasty },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
      {
        type: 'document',
        source: { type: 'base64', media_type: 'application/pdf', data: 'BBBB' },
        title: 'a.pdf',
      },
    ])
    expect(lines[1]!.message!.content).toEqual([{ type: 'text', text: nasty }])
    expect(lines.map(({ cwd }) => cwd)).toEqual(['/tmp', '/tmp', '/', '/'])
  })

  it('mark a compaction, and keep what it took out of the window', async () => {
    const summarize = { text: 'They said hello.' }
    await using played = await openPlayed({
      script: [{ text: 'Hello.' }, { text: 'Hello again.' }, summarize],
    })
    const session = await played.runtime.newSession()
    await session.submitTurn('Hi').result
    await session.submitTurn('Hi again').result
    const before = played.portOf(session)
    await played.store.commit(session.id, await compactionAfter(before.state.head))
    const lines = linesOf(
      await played.transcripts.update(otherPort(before, { state: { head: before.state.head + 1 } })),
    )
    expect(lines.slice(0, 4).map(({ message }) => message?.content)).toEqual([
      'Hi',
      [{ type: 'text', text: 'Hello.' }],
      'Hi again',
      [{ type: 'text', text: 'Hello again.' }],
    ])
    expect(lines[4]).toMatchObject({
      type: 'system',
      subtype: 'compact_boundary',
      compactMetadata: { trigger: 'manual', preTokens: 900 },
    })
    expect(lines[5]).toMatchObject({
      type: 'user',
      isCompactSummary: true,
      message: { content: 'They said hello.' },
    })
  })
})

describe('a transcript file', () => {
  it('has everything that is stored, whoever asks for it and when', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }), async (asks) => {
        await using played = await openPlayed({ script: () => ({ text: 'Yes.' }) })
        const session = await played.runtime.newSession()
        for (const isAsked of asks) {
          await session.submitTurn('And?').result
          const port = played.portOf(session)
          if (isAsked) await Promise.all(Array.from({ length: 5 }, () => played.transcripts.update(port)))
        }
        const path = await played.transcripts.update(played.portOf(session))
        const fresh = await openPlayed({ store: played.store })
        const again = await fresh.transcripts.update(otherPort(played.portOf(session)))
        expect(again).not.toBe(path)
        expect(readFileSync(path, 'utf8')).toBe(readFileSync(again, 'utf8'))
        expect(linesOf(path)).toHaveLength(asks.length * 2)
        await fresh[Symbol.asyncDispose]()
      }),
      { numRuns: 10 },
    )
  })

  it('costs what is new in the log, however long that is', async () => {
    await using played = await openPlayed({ script: () => ({ text: 'Yes.' }) })
    const session = await played.runtime.newSession()
    for (let turn = 0; turn < 100; turn++) await session.submitTurn('And?').result
    const port = played.portOf(session)
    await played.transcripts.update(port)
    expect(played.read.count).toBe(port.state.head)
    const { head } = port.state
    const { count, calls } = played.read
    await session.submitTurn('And?').result
    await played.transcripts.update(port)
    expect(played.read).toEqual({ count: count + port.state.head - head, calls: calls + 1 })
    await played.transcripts.update(port)
    expect(played.read.calls).toBe(calls + 1)
  })

  it('is for its owner alone', async () => {
    await using played = await openPlayed({ script: [{ text: 'Yes.' }] })
    const session = await played.runtime.newSession()
    const path = await play(played, session, 'Secret?')
    expect(basename(path)).toBe(`${session.id}.jsonl`)
    if (isWindows) return
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
  })

  it('is written again when somebody deleted it, or its folder', async () => {
    await using played = await openPlayed({ script: () => ({ text: 'Yes.' }) })
    const session = await played.runtime.newSession()
    const path = await play(played, session, 'One')
    rmSync(path)
    expect(linesOf(await played.transcripts.update(played.portOf(session)))).toHaveLength(2)
    rmSync(dirname(path), { recursive: true })
    expect(linesOf(await play(played, session, 'Two'))).toHaveLength(4)
    if (!isWindows) expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
    rmSync(path)
    await played.portOf(session).notify('acme', 'Nothing that a transcript shows.')
    expect(linesOf(await played.transcripts.update(played.portOf(session)))).toHaveLength(4)
  })

  it('that could not be written is written whole the next time', async () => {
    await using played = await openPlayed({ script: () => ({ text: 'Yes.' }) })
    const session = await played.runtime.newSession()
    const path = await play(played, session, 'One')
    rmSync(path)
    mkdirSync(path)
    await expect(play(played, session, 'Two')).rejects.toThrow('EISDIR')
    await expect(played.transcripts.update(played.portOf(session))).rejects.toThrow('EISDIR')
    rmSync(path, { recursive: true })
    expect(linesOf(await play(played, session, 'Three'))).toHaveLength(6)
  })

  it('goes when its session leaves memory, and comes back with it, whole', async () => {
    await using played = await openPlayed({ script: () => ({ text: 'Yes.' }) })
    const session = await played.runtime.newSession()
    const path = await play(played, session, 'One')
    await session.detach()
    await until(() => !existsSync(path))
    expect(readdirSync(played.parent)).toEqual([])
    const again = (await played.runtime.resume(session.id))!
    expect(linesOf(await play(played, again, 'Two'))).toHaveLength(4)
  })

  it('of a fork begins with what the fork began with, under its own id', async () => {
    await using played = await openPlayed({ script: () => ({ text: 'Yes.' }) })
    const session = await played.runtime.newSession()
    const path = await play(played, session, 'One')
    const fork = await session.fork()
    const forked = linesOf(await play(played, fork, 'Two'))
    expect(forked.map(({ message }) => message?.content)).toEqual([
      'One',
      [{ type: 'text', text: 'Yes.' }],
      'Two',
      [{ type: 'text', text: 'Yes.' }],
    ])
    expect(
      forked.every(
        ({ sessionId, uuid }) => sessionId === fork.id && !readFileSync(path, 'utf8').includes(uuid),
      ),
    ).toBe(true)
  })

  it('cannot lead out of its folder by the id of its session', async () => {
    await using played = await openPlayed({ script: [{ text: 'Yes.' }] })
    const session = await played.runtime.newSession()
    await session.submitTurn('Hm').result
    const port = played.portOf(session)
    const blueprint = { ...port.blueprint, sessionId: '../../escaped' }
    const path = await played.transcripts.update(otherPort(port, { blueprint }))
    expect(dirname(dirname(path))).toBe(played.parent)
    expect(basename(path)).toMatch(/^[0-9a-f]{64}\.jsonl$/)
  })
})

describe('a reply that is about to be stored', () => {
  it('is in the transcript while its tool call is judged, and once when it is stored', async () => {
    let seen: unknown
    const played: Played = await openPlayed({
      script,
      onToolCall: async (port, reply) => {
        const path = await played.transcripts.update(port, reply)
        await played.transcripts.update(port, reply)
        seen = linesOf(path).map(({ message }) => message?.content)
      },
    })
    const session = await played.runtime.newSession({ tools: [echo] })
    await session.submitTurn('Ping?').result
    expect(seen).toEqual([
      'Ping?',
      [{ type: 'thinking', thinking: 'Let me look.', signature: 'signed' }],
      [{ type: 'text', text: 'I will ask.' }],
      [expect.objectContaining({ id: 'call-a' })],
      [expect.objectContaining({ id: 'call-b' })],
    ])
    const lines = linesOf(await played.transcripts.update(played.portOf(session)))
    expect(lines).toHaveLength(8)
    const fresh = await openPlayed({ store: played.store })
    const again = await fresh.transcripts.update(otherPort(played.portOf(session)))
    expect(lines).toEqual(linesOf(again))
    await fresh[Symbol.asyncDispose]()
    await played[Symbol.asyncDispose]()
  })
})

describe('the transcript of a subagent', () => {
  it('stays until that of its parent goes, and so does that of its own subagent', async () => {
    const paths: string[] = []
    const ofParents: (string | undefined)[] = []
    const played: Played = await openPlayed({
      script: () => ({ text: 'Done.' }),
      onStop: async (port) => {
        paths.push(await played.transcripts.update(port))
        ofParents.push(await played.transcripts.updateParent(port))
        if (port.blueprint.depth < 2) await (await port.openChild({ task: 'Look.' })).result
      },
    })
    const session = await played.runtime.newSession()
    await session.submitTurn('Go').result
    expect(ofParents).toEqual([undefined, paths[0], paths[1]])
    expect(paths.map((path) => linesOf(path)[0]!)).toMatchObject([
      { isSidechain: false, message: { content: 'Go' } },
      { isSidechain: true, message: { content: 'Look.' } },
      { isSidechain: true, message: { content: 'Look.' } },
    ])
    await session.detach()
    await until(() => readdirSync(played.parent).length === 0)
    await played[Symbol.asyncDispose]()
  })

  it('brings that of its parent with it, where nobody had asked for that', async () => {
    let first: unknown
    const played: Played = await openPlayed({
      script: () => ({ text: 'Done.' }),
      onStop: async (port) => {
        if (port.blueprint.depth > 0) first = linesOf((await played.transcripts.updateParent(port))!)[0]
      },
    })
    const session = await played.runtime.newSession()
    await session.submitTurn('Go').result
    await (
      await played.portOf(session).openChild({ task: 'Look.' })
    ).result
    expect(first).toMatchObject({ sessionId: session.id, message: { content: 'Go' } })
    await until(() => readdirSync(played.parent).length === 0)
    await played[Symbol.asyncDispose]()
  })
})

describe.skipIf(isWindows)('what a killed process left behind', () => {
  it('is deleted by the next one; what is not is left alone', async () => {
    await using played = await openPlayed({ script: () => ({ text: 'Yes.' }) })
    const folder = fileURLToPath(new URL('../../src/transcript/transcript-folder.ts', import.meta.url))
    const code = `import { openFolder } from '${folder}'; console.log(await openFolder('${played.parent}')); setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const left = line.toString().trim()
    writeFileSync(join(left, 'x.jsonl'), '{}\n')
    const mine = join(played.parent, 'halter-transcripts-notes')
    mkdirSync(mine)
    symlinkSync('/etc', join(played.parent, 'halter-transcripts-999999999-link'))
    const session = await played.runtime.newSession()
    await play(played, session, 'While it lives')
    expect(existsSync(left)).toBe(true)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const next = await openPlayed({
      store: played.store,
      script: () => ({ text: 'Yes.' }),
      transcripts: { parent: played.parent },
    })
    await next.transcripts.update(otherPort(played.portOf(session)))
    await until(() => !existsSync(left))
    expect(existsSync(mine)).toBe(true)
    expect(existsSync('/etc/passwd')).toBe(true)
    await next[Symbol.asyncDispose]()
  })
})

/** The commit of a compaction, as the runtime makes it. */
async function compactionAfter(head: number) {
  const { sampleId } = await import('@halter/testkit')
  const event = {
    type: 'compaction.applied',
    v: 1,
    seq: head + 1,
    at: 0,
    trigger: 'manual',
    droppedSeqs: [{ from: 1, to: head }],
    summary: 'They said hello.',
    tokensBefore: 900,
    tokensAfter: 20,
  }
  return { expectedHead: head, commitId: sampleId(), events: [event as never] }
}
