import { mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestRuntime } from '@halter/core/testing'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import plugin, { type ResourcesOptions } from '../../src/index.ts'
import { makeTarball } from './archives.ts'
import { startGithub } from './github-server.ts'

let base: string
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'halter-sources-')))
  vi.stubEnv('HALTER_HOME', join(base, 'home'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(base, { recursive: true, force: true })
})

/** What a session is shown for a prompt, and the warnings of its turn. */
async function ask(prompt: string, options: ResourcesOptions) {
  const all: ResourcesOptions = { user: false, project: false, ...options }
  const { runtime, provider } = await createTestRuntime({
    plugins: [[plugin, all]],
    script: () => ({ text: 'done' }),
  })
  try {
    const session = await runtime.newSession({ workingDir: base })
    await session.submitTurn(prompt).result
    const events = await Array.fromAsync(session.replay())
    const warnings = events.flatMap((event) => (event.type === 'warning.raised' ? [event.message] : []))
    return { shown: provider.requests[0]?.messages.at(-1)?.parts, warnings }
  } finally {
    await runtime.shutdown()
  }
}

const FILES = {
  'top/.claude-plugin/plugin.json': '{"name":"acme","version":"1.0.0"}',
  'top/commands/hi.md': 'Hello $1.',
}

test('a command from an archive is called by its name, and the archive lies where halter keeps its own', async () => {
  const archive = join(base, 'acme.tgz')
  writeFileSync(archive, makeTarball(Object.entries(FILES).map(([path, content]) => ({ path, content }))))
  const { shown, warnings } = await ask('/acme:hi Ann', { sources: [archive] })
  expect({ shown, warnings }).toEqual({ shown: [{ kind: 'text', text: 'Hello Ann.' }], warnings: [] })
  expect(readdirSync(join(base, 'home/sources/trees'))).toHaveLength(1)
})

test('a source that fails is told to the session, and its turn runs', async () => {
  const github = await startGithub()
  const { shown, warnings } = await ask('hello', {
    sources: ['https://github.com/acme/gone'],
    github: { apiUrl: github.apiUrl },
  })
  await github.stop()
  expect(shown).toEqual([{ kind: 'text', text: 'hello' }])
  expect(warnings).toEqual([
    expect.stringMatching(/https:\/\/github\.com\/acme\/gone is not used: acme\/gone on GitHub/),
  ])
})

test.each<[ResourcesOptions, string]>([
  [
    { sources: ['relative'] },
    'sources[0] of @halter/plugin-resources cannot be used: "relative" is no absolute path',
  ],
  [{ marketplaces: ['/a', 'https://gitlab.com/a/b'] }, 'marketplaces[1] of @halter/plugin-resources'],
  [{ sources: ['/a'], github: { apiUrl: 'http://example.com' } }, 'must begin with "https://"'],
  [{ sources: [{ source: 'npm' } as never] }, 'sources'],
  [{ archives: { entries: -1 } }, 'archives'],
])('%j is refused before anything starts', async (options, words) => {
  await expect(createTestRuntime({ plugins: [[plugin, options]] })).rejects.toThrow(words)
})

test('a limit of archives that is misspelt is refused: nobody is protected by it', async () => {
  const options = { archives: { entires: 10 } } as ResourcesOptions
  await expect(ask('hi', options)).rejects.toThrow('archives: Unrecognized key: "entires"')
})
