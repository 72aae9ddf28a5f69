// Faults of the system that halter re-implements, by the numbers of our list of them: each has a test here that it is not ours.
import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createTestRuntime } from '@halter/core/testing'
import promptDefault from '@halter/plugin-prompt-default'
import { expect, onTestFinished, test, vi } from 'vitest'
import { readProject } from '../../core/src/config/project-content.ts'
import resources, { ResourceFiles } from '../src/index.ts'
import { wholePath } from '../src/options.ts'
import { DOT_FOLDERS, PARTS } from '../src/places.ts'
import { readPluginFolder } from '../src/read.ts'
import { copyOf, corpus, skillText, tempFolder, write } from './support.ts'

function files(base: string, options: object = {}): ResourceFiles {
  return new ResourceFiles({ home: join(base, 'home'), userHome: join(base, 'user'), ...options })
}

test('S15: no file outside of a plugin is read over a link, wherever the link is', async () => {
  const outside = tempFolder()
  write(outside, 'secret.md', '---\ndescription: x\n---\nSECRET')
  write(outside, 'SKILL.md', skillText('secret', 'SECRET'))
  write(outside, 'hooks.json', '{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"SECRET"}]}]}}')
  for (const [place, target] of [
    ['skills/leak', '.'],
    ['skills/deploy/SKILL.md', 'SKILL.md'],
    ['agents/reviewer.md', 'secret.md'],
    ['agents/ops', '.'],
    ['commands/status.md', 'secret.md'],
    ['hooks/hooks.json', 'hooks.json'],
    ['hooks', '.'],
    ['.mcp.json', 'hooks.json'],
    ['.claude-plugin', '.'],
  ] as const) {
    const root = copyOf('claude/deploy-tools')
    rmSync(join(root, place), { recursive: true, force: true })
    symlinkSync(join(outside, target), join(root, place))
    const folder = await readPluginFolder(root)
    expect(JSON.stringify(folder), place).not.toContain('SECRET')
  }
})

test('S15: nor over a link that the manifest names', async () => {
  const outside = tempFolder()
  const server = '{"mcpServers":{"a":{"command":"SECRET"}},"hooks":{"Stop":"SECRET"}}'
  for (const key of ['skills', 'agents', 'commands', 'hooks', 'mcpServers']) {
    const root = copyOf('claude/quick-notes')
    write(root, '.claude-plugin/plugin.json', JSON.stringify({ name: 'a', [key]: './leak.json' }))
    symlinkSync(write(outside, `${key}.json`, server), join(root, 'leak.json'))
    const folder = await readPluginFolder(root)
    expect(JSON.stringify(folder), key).not.toContain('SECRET')
    expect(folder.problems.map(({ message }) => message)).toContain(
      `"${key}": "./leak.json" leads out of the plugin, over a link.`,
    )
  }
})

test('S15: nor over a link in a project, a trusted one included', async () => {
  const outside = tempFolder()
  write(outside, 'hooks.json', '{"hooks":{"Stop":"SECRET"}}')
  write(outside, 'a/SKILL.md', skillText('a', 'SECRET'))
  write(outside, 'plugin/.claude-plugin/plugin.json', '{"name":"SECRET"}')
  write(outside, 'SECRET.md', 'SECRET')
  for (const [place, target] of [
    ['hooks.json', 'hooks.json'],
    ['settings.json', 'hooks.json'],
    ['skills', '.'],
    ['agents', '.'],
    ['commands', '.'],
    ['plugins', '.'],
    ['plugins/plugin', 'plugin'],
  ] as const) {
    const work = join(tempFolder(), 'work')
    mkdirSync(join(work, '.claude', place, '..'), { recursive: true })
    symlinkSync(join(outside, target), join(work, '.claude', place))
    const isTrusted = (): Promise<boolean> => Promise.resolve(true)
    const { warnings, ...found } = await files(work, { isTrusted }).snapshot({ workingDir: work })
    expect(JSON.stringify(found), place).not.toContain('SECRET')
    expect(warnings, place).toEqual([expect.stringContaining(`It leads out of ${work}.`)])
  }
})

test('C22: front matter is YAML and no part of a body or prompt, and scripts are found by the folder of their skill', async () => {
  const { skills, agents } = await readPluginFolder(join(corpus, 'claude/deploy-tools'))
  for (const text of [skills[0]!.body, agents[1]!.prompt]) expect(text).not.toMatch(/^---|description:/m)
  expect(skills[0]!.description).toContain('\n')
  expect(skills[0]!.root).toBe(join(corpus, 'claude/deploy-tools/skills/deploy'))
})

test('C23: one malformed manifest costs its plugin alone; the order is by name; two of a name are told; ids stay', async () => {
  const base = tempFolder()
  const root = join(base, 'plugins')
  for (const name of ['z', 'a', 'm', 'b']) {
    write(root, `${name}/.claude-plugin/plugin.json`, JSON.stringify({ name, version: '1.0.0' }))
    write(root, `${name}/skills/one/SKILL.md`, skillText('one'))
    write(root, `${name}/agents/${name}.md`, '---\ndescription: x\n---\nDo it.')
  }
  write(root, 'broken/.claude-plugin/plugin.json', '{')
  const read = async () => await files(base, { roots: [root] }).snapshot({ workingDir: base })
  const first = await read()
  expect(first.plugins!.map(({ name }) => name)).toEqual(['a', 'b', 'm', 'z'])
  expect(first.skills.map(({ name }) => name)).toEqual(['one', 'b:one', 'm:one', 'z:one'])
  expect(first.agents.map(({ name }) => name)).toEqual(['a', 'b', 'm', 'z'])
  expect(first.warnings).toEqual([
    expect.stringContaining('broken/.claude-plugin/plugin.json:1: It is no JSON'),
  ])
  expect((await read()).plugins!.map(({ id }) => id)).toEqual(first.plugins!.map(({ id }) => id))
})

test('E8: the prompt has names and descriptions of skills, and no body', async () => {
  const base = tempFolder()
  vi.stubEnv('HALTER_HOME', join(base, 'home'))
  vi.stubEnv('HOME', join(base, 'user'))
  onTestFinished(() => void vi.unstubAllEnvs())
  write(base, 'home/skills/long/SKILL.md', skillText('long', 'Is long.', 'BODY '.repeat(10_000)))
  const plugins = [promptDefault, resources]
  const { runtime, provider } = await createTestRuntime({ plugins, script: () => ({ text: 'yes' }) })
  await (await runtime.newSession({ workingDir: base })).submitTurn('hi').orThrow()
  const prompt = JSON.stringify(provider.requests[0]!.system)
  expect(prompt).toContain('long: Is long.')
  expect(prompt).not.toContain('BODY')
  await runtime.shutdown()
})

test('C-12: a snapshot is handed out, not copied', async () => {
  const base = tempFolder()
  const source = files(base, { skills: [join(corpus, 'skills')] })
  const first = await source.snapshot({ workingDir: base })
  expect(await source.snapshot({ workingDir: base })).toBe(first)
})

test('paths of options may begin with ~/, and nothing else in them is expanded', () => {
  expect(wholePath('~/skills')).toBe(join(homedir(), 'skills'))
  expect(wholePath('/a/$HOME/~/b')).toBe('/a/$HOME/~/b')
})

test('whatever is read of a project is what its trust is asked about', async () => {
  const base = tempFolder()
  mkdirSync(join(base, 'repo/.git'), { recursive: true })
  for (const folder of DOT_FOLDERS)
    for (const part of PARTS)
      write(base, `repo/${folder}/${part.endsWith('.json') ? part : `${part}/a/SKILL.md`}`, '{"hooks":{}}')
  const { content } = await readProject(join(base, 'repo'))
  const asked = new Set(content.map(({ path }) => path))
  for (const folder of DOT_FOLDERS)
    for (const part of PARTS) expect(asked).toContain(join(base, 'repo', folder, part))
})

test('a folder that moves away under a running source is no error', async () => {
  const base = tempFolder()
  write(base, 'work/.claude/skills/a/SKILL.md', skillText('a'))
  const source = files(base, { isTrusted: () => Promise.resolve(true) })
  expect((await source.snapshot({ workingDir: join(base, 'work') })).skills).toHaveLength(1)
  renameSync(join(base, 'work'), join(base, 'gone'))
  expect((await source.snapshot({ workingDir: join(base, 'work') })).skills).toEqual([])
})
