import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { resourceTable } from '../src/cli/resources-list.ts'
import { jsonLines, place, type Place } from './halter.ts'

const corpus = fileURLToPath(new URL('../../plugin-resources/test/corpus', import.meta.url))

/** A place with a plugin and a skill of the user's, and a project that brings a skill. */
function used(): Place {
  const at = place({
    'AGENTS.md': 'Be quick.',
    '.git/HEAD': 'ref: refs/heads/main\n',
    '.claude/skills/theirs/SKILL.md': '---\nname: theirs\ndescription: The project’s.\n---\n\nDo it.',
  })
  cpSync(join(corpus, 'claude/deploy-tools'), join(at.home, 'plugins/deploy-tools'), { recursive: true })
  return at
}

describe('halter resources', () => {
  test('lists what a session here can use, where it is from, and what is wrong', async () => {
    const at = place({ 'AGENTS.md': 'Be quick.' })
    cpSync(join(corpus, 'claude/deploy-tools'), join(at.home, 'plugins/deploy-tools'), { recursive: true })
    cpSync(join(corpus, 'skills/pdf-forms'), join(at.home, '.claude/skills/pdf-forms'), { recursive: true })
    cpSync(join(corpus, 'broken/bad-files/skills/empty'), join(at.home, '.claude/skills/empty'), {
      recursive: true,
    })
    const { code, stdout, stderr } = await at.halter(['resources'])
    expect(code).toBe(0)
    const plugin = join(at.home, 'plugins/deploy-tools')
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/ {2,}/))
    expect(rows).toEqual([
      ['KIND', 'NAME', 'PLUGIN', 'SOURCE'],
      ['plugin', 'deploy-tools 1.2.0', plugin],
      ['skill', 'pdf-forms', join(at.home, '.claude/skills/pdf-forms/SKILL.md')],
      ['skill', 'deploy', 'deploy-tools', join(plugin, 'skills/deploy/SKILL.md')],
      ['skill', 'incident', 'deploy-tools', join(plugin, 'skills/incident/SKILL.md')],
      ['agent', 'ops:on-call', 'deploy-tools', join(plugin, 'agents/ops/on-call.md')],
      ['agent', 'reviewer', 'deploy-tools', join(plugin, 'agents/reviewer.md')],
      ['command', 'release:notes', 'deploy-tools', join(plugin, 'commands/release/notes.md')],
      ['command', 'status', 'deploy-tools', join(plugin, 'commands/status.md')],
      ['hooks', 'hooks/hooks.json', 'deploy-tools', join(plugin, 'hooks/hooks.json')],
      ['mcp server', 'deploy-api', 'deploy-tools', join(plugin, '.mcp.json')],
      ['mcp server', 'status-page', 'deploy-tools', join(plugin, '.mcp.json')],
      ['instructions', '', join(at.cwd, 'AGENTS.md')].filter((cell) => cell !== ''),
    ])
    expect(stderr).toContain(`${join(at.home, '.claude/skills/empty/SKILL.md')}: It has no text.`)
    expect(stderr).toMatch(/^revision [0-9a-f]{64}$/m)
  })

  test('shows what an untrusted folder brings only once it is trusted', async () => {
    const at = used()
    const before = await at.halter(['resources', '--json'])
    expect(before.stdout).not.toContain('theirs')
    expect(`${before.stdout}${before.stderr}`).toMatch(/trust/)
    const after = await at.halter(['resources', '--json', '--trust'])
    expect(jsonLines(after.stdout)).toContainEqual({
      type: 'resource',
      kind: 'skill',
      name: 'theirs',
      source: join(at.cwd, '.claude/skills/theirs/SKILL.md'),
      description: 'The project’s.',
    })
  })

  test('has the roots that a configuration names, and refuses options that cannot work', async () => {
    const at = place()
    const configure = (options: object): void =>
      writeFileSync(
        join(at.home, 'config.json'),
        JSON.stringify({ plugins: [['@halter/plugin-resources', options]] }),
      )
    mkdirSync(at.home, { recursive: true })
    configure({ roots: [join(corpus, 'claude')], skills: [join(corpus, 'skills/pdf-forms')], user: false })
    const { stdout } = await at.halter(['resources', '--json'])
    const names = jsonLines<{ kind?: string; name?: string }>(stdout).flatMap(({ kind, name }) =>
      kind === 'plugin' || kind === 'skill' ? [name] : [],
    )
    expect(names).toEqual([
      'deploy-tools 1.2.0',
      'house-style 0.3.1',
      'pdf-forms',
      'deploy',
      'incident',
      'grammar',
      'tone',
    ])
    configure({ root: 'plugins' })
    const { code, stderr } = await at.halter(['resources'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/there is no such option; it has roots, skills/)
  })

  test('with --json is one object per line, the revision first', async () => {
    const lines = jsonLines<{ type: string }>(
      (await used().halter(['resources', '--json', '--trust'])).stdout,
    )
    expect(lines[0]).toEqual({
      type: 'revision',
      revision: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    })
    expect(new Set(lines.map(({ type }) => type))).toEqual(new Set(['revision', 'resource']))
  })

  test('says so where there is nothing', async () => {
    const { code, stdout, stderr } = await place().halter(['resources'])
    expect([code, stdout]).toEqual([0, ''])
    expect(stderr).toContain('There are no resources here.')
  })
})

test('on a narrow terminal the beginning of a path goes, not its end', () => {
  const resources = [{ kind: 'skill', name: 'a', source: '/home/somebody/.claude/skills/a/SKILL.md' }]
  expect(resourceTable(resources, undefined)).toContain('/home/somebody/.claude/skills/a/SKILL.md')
  expect(resourceTable(resources, 50).split('\n')[1]).toBe('skill  a             …/.claude/skills/a/SKILL.md')
  expect(resourceTable(resources, 10).split('\n')[1]).toBe('skill  a             …/SKILL.md')
})

describe('halter resources validate', () => {
  test('tells file, line, problem and cure, and fails for errors', async () => {
    const { code, stdout, stderr } = await place().halter([
      'resources',
      'validate',
      join(corpus, 'broken/escapes'),
    ])
    expect(code).toBe(1)
    expect(stdout).toContain(
      [
        `error    ${join(corpus, 'broken/escapes/.claude-plugin/plugin.json')}:4`,
        '         "skills": "skills" does not begin with "./".',
        '         Write "./skills".\n',
      ].join('\n'),
    )
    expect(stderr).toBe('8 errors, 0 warnings, 1 note.\n')
  })

  test('passes what has only warnings, unless --strict', async () => {
    const at = place({ 'skill/SKILL.md': '---\nname: skill\n---\n\nBody' })
    expect((await at.halter(['resources', 'validate', 'skill'])).code).toBe(0)
    const strict = await at.halter(['resources', 'validate', 'skill', '--strict'])
    expect(strict.code).toBe(1)
    expect(strict.stdout, 'paths are as they were written').toContain('warning  skill/SKILL.md\n')
  })

  test('takes several folders, and with --json is one problem per line', async () => {
    const folders = ['claude/deploy-tools', 'codex/issue-triage', 'broken/not-json'].map((name) =>
      join(corpus, name),
    )
    const { code, stdout, stderr } = await place().halter(['resources', 'validate', '--json', ...folders])
    expect([code, stderr]).toEqual([1, ''])
    expect(jsonLines(stdout)).toContainEqual({
      file: join(corpus, 'broken/not-json/.claude-plugin/plugin.json'),
      line: 4,
      severity: 'error',
      message: 'It is no JSON: Expected double-quoted property name.',
      cure: 'Correct it; comments and trailing commas are none.',
    })
  })

  test('knows the events that hooks can have', async () => {
    const at = place({
      'p/.claude-plugin/plugin.json': { name: 'p', version: '1.0.0', description: 'x' },
      'p/hooks/hooks.json': { hooks: { pre_tool_use: [], Stopp: [] } },
    })
    const { stdout } = await at.halter(['resources', 'validate', 'p'])
    expect(stdout).toContain('There is no event "Stopp"')
    expect(stdout).not.toContain('pre_tool_use')
  })

  test('needs a folder', async () => {
    expect((await place().halter(['resources', 'validate'])).code).toBe(2)
  })
})
