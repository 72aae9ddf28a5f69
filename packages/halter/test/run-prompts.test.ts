import { deflateSync } from 'node:zlib'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { SessionSummary, StoredEvent } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { jsonLines, place, says, type Place } from './halter.ts'

const model = ['--model', 'scripted/script.json']

async function sessions(at: Place): Promise<SessionSummary[]> {
  return jsonLines<SessionSummary>((await at.halter(['sessions', 'list', '--json'])).stdout)
}

async function prompts(at: Place, id: string): Promise<unknown[]> {
  const { stdout } = await at.halter(['sessions', 'replay', id, '--json'])
  return jsonLines<StoredEvent>(stdout).flatMap((event) =>
    event.type === 'turn.started' ? [event.input] : [],
  )
}

describe('--fork', () => {
  test.each([['--continue'], ['--session', 'ID']])(
    'with %s goes on with a copy and leaves the session as it is',
    async (...choice) => {
      const at = place({ 'script.json': says('one', 'two') })
      await at.halter(['run', ...model, 'first'])
      const [original] = await sessions(at)
      const args = choice.map((word) => (word === 'ID' ? original!.sessionId.slice(0, 30) : word))
      const { code, stderr } = await at.halter(['run', ...args, '--fork', 'second'])
      expect(code).toBe(0)
      expect(stderr).toContain('turn 2')
      const all = await sessions(at)
      expect(all).toHaveLength(2)
      const copy = all.find(({ sessionId }) => sessionId !== original!.sessionId)!
      expect(await prompts(at, copy.sessionId)).toHaveLength(2)
      expect(await prompts(at, original!.sessionId)).toHaveLength(1)
    },
  )

  test('alone, or with what is about the original, is refused', async () => {
    const at = place()
    expect(await at.halter(['run', '--fork', 'x'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--continue'),
    })
    expect(await at.halter(['run', '--continue', '--fork', '--steal', 'x'])).toMatchObject({ code: 2 })
  })
})

describe('--effort', () => {
  test('is that of a new session, and of one turn of another', async () => {
    const at = place({ 'script.json': says('one', 'two') })
    await at.halter(['run', ...model, '--effort', 'high', 'hi'])
    const [{ sessionId }] = (await sessions(at)) as [SessionSummary]
    const { stdout } = await at.halter(['sessions', 'replay', sessionId, '--json', '--limit', '1'])
    expect(jsonLines<StoredEvent<'session.started'>>(stdout)[0]!.blueprint.effort).toBe('high')
    expect((await at.halter(['run', '--continue', '--effort', 'low', 'hi'])).code).toBe(0)
    expect((await at.halter(['run', '--effort', 'huge', 'hi'])).stderr).toContain(
      '--effort is one of none, minimal',
    )
  })
})

describe('--image', () => {
  const pictures = {
    'a.png': Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), deflateSync(Buffer.alloc(9))]),
    'b.jpg': Buffer.from('ffd8ffe000104a464946', 'hex'),
    'c.gif': Buffer.from('GIF89a\u0001', 'latin1'),
    'd.webp': Buffer.from('RIFF\u0010\0\0\0WEBPVP8 ', 'latin1'),
  }

  test('the model is shown pictures, of the kind that their bytes say', async () => {
    const at = place({ 'script.json': says('nice') })
    const { writeFileSync } = await import('node:fs')
    for (const [name, data] of Object.entries(pictures)) writeFileSync(join(at.cwd, `${name}.txt`), data)
    const images = Object.keys(pictures).flatMap((name) => ['--image', `${name}.txt`])
    expect(await at.halter(['run', ...model, ...images, 'look'])).toMatchObject({ code: 0, stdout: 'nice\n' })
    const [{ sessionId }] = (await sessions(at)) as [SessionSummary]
    const kinds = ['image/png', 'image/jpeg', 'image/gif', 'image/webp']
    expect(await prompts(at, sessionId)).toEqual([
      [
        { kind: 'text', text: 'look' },
        ...Object.values(pictures).map((data, index) => ({
          kind: 'image',
          mediaType: kinds[index],
          data: data.toString('base64'),
        })),
      ],
    ])
  })

  test('what is no picture, too large, no file or not there is refused before anything starts', async () => {
    const at = place({ 'text.png': 'no picture', 'script.json': says('never') })
    const { truncateSync, writeFileSync } = await import('node:fs')
    writeFileSync(join(at.cwd, 'big.png'), pictures['a.png'])
    truncateSync(join(at.cwd, 'big.png'), 6 * 1_048_576)
    mkdirSync(join(at.cwd, 'folder.png'))
    for (const [name, why] of [
      ['text.png', 'it is no PNG'],
      ['big.png', 'it has 6291456 bytes'],
      ['folder.png', 'it is no file'],
      ['none.png', 'it cannot be read (ENOENT)'],
    ])
      expect(await at.halter(['run', ...model, '--image', name!, 'look'])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(why!),
      })
    expect(await sessions(at)).toEqual([])
  })
})

describe('--input-format stream-json', () => {
  const stream = ['run', ...model, '--input-format', 'stream-json', '--output-format', 'stream-json']
  test('each line is a turn of one session, and results tell whose they are', async () => {
    const at = place({ 'script.json': says('one', 'two') })
    const lines = [
      { type: 'prompt', id: 'a', text: 'first\u2028line' },
      {
        type: 'prompt',
        parts: [
          { kind: 'text', text: 'x' },
          { kind: 'image', mediaType: 'image/png', data: 'AAAA' },
        ],
      },
    ]
    const stdin = `${JSON.stringify(lines[0])}\n\n${JSON.stringify(lines[1])}\r\n`
    const { code, stdout } = await at.halter(stream, { stdin })
    expect(code).toBe(0)
    const out = jsonLines(stdout)
    expect(out[0]).toMatchObject({ type: 'session' })
    expect(out.filter(({ type }) => type === 'session')).toHaveLength(1)
    expect(out.filter(({ type }) => type === 'result')).toMatchObject([
      { line: 1, id: 'a', text: 'one', status: 'completed' },
      { line: 3, text: 'two', status: 'completed' },
    ])
    const [{ sessionId }] = (await sessions(at)) as [SessionSummary]
    expect(await prompts(at, sessionId)).toEqual([
      [{ kind: 'text', text: 'first\u2028line' }],
      lines[1]!.parts,
    ])
  })

  test('a line that cannot be understood is answered, and the next one is read', async () => {
    const at = place({ 'script.json': says('fine') })
    const bad = [
      'no json',
      '[]',
      '{"type":"other","id":"x"}',
      '{"type":"prompt"}',
      '{"type":"prompt","text":"a","parts":[]}',
      '{"type":"prompt","text":" "}',
      '{"type":"prompt","text":1}',
      '{"type":"prompt","text":"a","more":1}',
      '{"type":"prompt","parts":[{"kind":"video"}]}',
      '{"type":"prompt","id":1,"text":"a"}',
    ]
    const { code, stdout } = await at.halter(stream, {
      stdin: [...bad, '{"type":"prompt","text":"ok"}'].join('\n'),
    })
    expect(code).toBe(1)
    const out = jsonLines(stdout)
    expect(out.filter(({ type }) => type === 'error').map(({ line }) => line)).toEqual(
      bad.map((_, index) => index + 1),
    )
    expect(out[3]).toMatchObject({ id: 'x', message: 'Its "type" is "other"; there is only "prompt".' })
    expect(out.at(-1)).toMatchObject({ type: 'result', line: 11, text: 'fine' })
  })

  test('a turn that fails is a result like others, and the next line is answered', async () => {
    const at = place({ 'script.json': { replies: [{ error: 'broken' }, { text: 'fine' }] } })
    const { code, stdout } = await at.halter(
      ['run', ...model, '--input-format', 'stream-json', '--output-format', 'json'],
      {
        stdin: '{"type":"prompt","text":"a"}\n{"type":"prompt","text":"b"}',
      },
    )
    expect(code).toBe(1)
    expect(jsonLines(stdout)).toMatchObject([
      { type: 'result', line: 1, status: 'failed' },
      { type: 'result', line: 2, status: 'completed', text: 'fine' },
    ])
  })

  test('answers come while stdin is still open, and a signal ends the waiting', async () => {
    const running = place({ 'script.json': says('one') }).start(stream, { stdin: { kind: 'open' } })
    running.child.stdin!.write('{"type":"prompt","text":"a"}\n')
    await running.shows('"type":"result"')
    running.child.kill('SIGTERM')
    expect((await running.finished).code).toBe(130)
  })

  test('words, pictures and plain text beside it are refused', async () => {
    const at = place()
    expect(await at.halter([...stream, 'words'])).toMatchObject({ code: 2 })
    expect(await at.halter(['run', '--input-format', 'stream-json'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--output-format stream-json'),
    })
  })
})

describe('colours', () => {
  test('FORCE_COLOR wants them through a pipe, NO_COLOR nowhere', async () => {
    const at = place({ 'script.json': { replies: [{ text: 'x' }], loop: true } })
    const run = ['run', ...model, 'hi']
    expect((await at.halter(run, { env: { FORCE_COLOR: '1' } })).stderr).toContain('\u001B[2m')
    expect((await at.halter(run, { env: { NO_COLOR: '1' } })).stderr).not.toContain('\u001B')
    expect((await at.halter(run)).stderr).not.toContain('\u001B')
  })
})
