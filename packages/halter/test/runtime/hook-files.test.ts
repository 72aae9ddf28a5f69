import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { trustFolders, type SessionHandle } from '@halter/core'
import { createRuntime } from '@halter/core/host'
import memoryStore from '@halter/plugin-memory-store'
import presetDefault from '@halter/preset-default'
import type { HookRun, Json } from '@halter/protocol'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'

/** A project with the default plugins as they are, over a home that holds nothing. */
interface Project {
  readonly folder: string
  readonly session: SessionHandle
  write(name: string, content: Json): void
  runs(): Promise<readonly HookRun[]>
}

let base: string
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'halter-hook-files-')))
  onTestFinished(() => rmSync(base, { recursive: true, force: true }))
  vi.stubEnv('HOME', join(base, 'home'))
  vi.stubEnv('HALTER_HOME', join(base, 'halter'))
  onTestFinished(() => void vi.unstubAllEnvs())
})

async function open(files: Readonly<Record<string, Json>>, isTrusted = true): Promise<Project> {
  const folder = join(base, 'project')
  const write = (name: string, content: Json): void => {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  }
  write('script.json', { replies: Array.from({ length: 20 }, () => ({ text: 'Done.' })) })
  for (const [name, content] of Object.entries(files)) write(name, content)
  const runtime = await createRuntime({
    presets: [presetDefault],
    plugins: [memoryStore, ...(isTrusted ? [trustFolders([folder])] : [])],
    defaultModel: `scripted/${join(folder, 'script.json')}`,
  })
  onTestFinished(() => runtime.shutdown().then(() => undefined))
  const session = await runtime.newSession({ workingDir: folder })
  const runs = async (): Promise<readonly HookRun[]> => {
    const events = await Array.fromAsync(session.replay())
    return events.flatMap((event) => (event.type === 'hook.ran' ? [event.run] : []))
  }
  return { folder, session, write, runs }
}

function says(word: string): Json {
  return { hooks: { UserPromptSubmit: [{ hooks: [{ type: 'command', command: `echo ${word}` }] }] } }
}

describe('the settings files of a project', () => {
  const files = { '.claude/settings.json': says('shared'), '.claude/settings.local.json': says('own') }

  test('run where somebody trusts it, the shared ones first', async () => {
    const { session, runs, folder } = await open(files)
    await session.submitTurn('x').orThrow()
    expect(await runs()).toMatchObject([
      { output: 'shared', source: join(folder, '.claude/settings.json') },
      { output: 'own', source: join(folder, '.claude/settings.local.json') },
    ])
  })

  test('run nowhere else, and that is told', async () => {
    const { session, runs } = await open(files, false)
    await session.submitTurn('x').orThrow()
    expect(await runs()).toEqual([])
    const events = await Array.fromAsync(session.replay())
    expect(JSON.stringify(events.filter(({ type }) => type === 'warning.raised'))).toContain('trust')
  })

  test('are taken as they are at the beginning of a turn', async () => {
    const { session, runs, write } = await open({ '.claude/settings.json': says('before') })
    await session.submitTurn('1').orThrow()
    write('.claude/settings.json', says('after'))
    await expect
      .poll(
        async () => {
          await session.submitTurn('2').orThrow()
          return (await runs()).at(-1)?.output
        },
        { timeout: 10_000, interval: 100 },
      )
      .toBe('after')
  })
})

test('a file that a handler watches tells it when it changes, between turns too', async () => {
  const command = `cat >> seen.jsonl`
  const { session, folder, write } = await open({
    '.claude/settings.json': {
      hooks: { FileChanged: [{ matcher: '.envrc', hooks: [{ type: 'command', command }] }] },
    },
  })
  await session.submitTurn('x').orThrow()
  const seen = (): readonly string[] => {
    try {
      const lines = readFileSync(join(folder, 'seen.jsonl'), 'utf8').trim().split('\n')
      return lines.map((line) => (JSON.parse(line) as { event: string }).event)
    } catch {
      return []
    }
  }
  write('.envrc', 'A=1')
  await expect.poll(seen, { timeout: 10_000 }).toEqual(['add'])
  rmSync(join(folder, '.envrc'))
  await expect.poll(seen, { timeout: 10_000 }).toEqual(['add', 'unlink'])
})
