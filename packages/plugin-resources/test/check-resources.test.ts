import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { checkResources, type CheckedFolder } from '../src/read.ts'
import { copyOf, corpus, skillText, tempFolder, write } from './support.ts'

/** `severity place:line message` of each problem, the folder left out. */
function said({ problems }: CheckedFolder, root: string): string[] {
  return problems.map(
    ({ severity, file, line, message }) =>
      `${severity} ${file.slice(root.length + 1)}${line === undefined ? '' : `:${line}`} ${message}`,
  )
}

describe('what is good', () => {
  test.each([
    [
      'claude/deploy-tools',
      'plugin',
      'plugin deploy-tools 1.2.0 (claude): 2 skills, 2 agents, 2 commands, 1 hook file, 2 MCP servers',
    ],
    [
      'claude/house-style',
      'plugin',
      'plugin house-style 0.3.1 (claude): 2 skills, 1 agent, 2 commands, 2 hook files, 1 MCP server',
    ],
    ['claude/quick-notes', 'plugin', 'plugin quick-notes (claude): 1 skill, 1 command'],
    ['codex/issue-triage', 'plugin', 'plugin issue-triage 2.0.0 (codex): 1 skill, 1 hook file, 1 MCP server'],
    ['agent/weekly-reports', 'plugin', 'plugin weekly-reports 1.0.0 (agent): 1 skill, 2 MCP servers'],
    ['skills/pdf-forms', 'skill', 'skill pdf-forms'],
    ['skills', 'folder', 'skill git-hygiene; skill pdf-forms; skill changelog'],
  ])('%s has no error and no warning', async (name, kind, summary) => {
    const checked = await checkResources(join(corpus, name))
    expect(checked.problems.filter(({ severity }) => severity !== 'note')).toEqual([])
    expect(checked).toMatchObject({ kind, summary })
  })
})

describe('a skill', () => {
  let root: string
  beforeEach(() => {
    root = join(tempFolder(), 'pdf')
  })
  const check = async (text: string): Promise<string[]> => {
    write(root, 'SKILL.md', text)
    return said(await checkResources(root), root)
  }

  test('that keeps the rules of agentskills.io has nothing to be said of', async () => {
    write(root, 'scripts/fill.py', '#!/usr/bin/env python3\n')
    expect(
      await check(
        '---\nname: pdf\ndescription: Fills forms.\nlicense: MIT\ncompatibility: python3\nmetadata:\n  a: b\nallowed-tools: Read\n---\n\nRun `scripts/fill.py`.',
      ),
    ).toEqual([])
  })

  test.each([
    [
      'name: PDF',
      'note SKILL.md:2 Its name "PDF" is not made of lower-case letters, digits and single hyphens.',
    ],
    [
      'name: pdf--forms',
      'note SKILL.md:2 Its name "pdf--forms" is not made of lower-case letters, digits and single hyphens.',
    ],
    [`name: ${'a'.repeat(65)}`, 'note SKILL.md:2 Its name has 65 characters; 64 are allowed.'],
    ['name: forms', 'note SKILL.md:2 Its name "forms" is not that of its folder, "pdf".'],
    ['licence: MIT', 'note SKILL.md:2 "licence" is no key of a skill.'],
    ['context: fork', 'note SKILL.md:2 "context" has no effect here.'],
    [
      `compatibility: ${'x'.repeat(501)}`,
      'note SKILL.md:2 Its compatibility has 501 characters; 500 are allowed.',
    ],
    ['allowed-tools: {a: 1}', 'warning SKILL.md:2 "allowed-tools" is not a list of texts, and is not used.'],
    ['user-invocable: perhaps', 'warning SKILL.md:2 "user-invocable" is not true or false, and is not used.'],
  ])('with %s is told so', async (line, message) => {
    expect(await check(`---\n${line}\ndescription: x\n---\n\nBody`)).toContain(message)
  })

  test('with a description that is too long, or none, is told so', async () => {
    expect(await check(`---\nname: pdf\ndescription: ${'x'.repeat(1025)}\n---\n\nBody`)).toEqual([
      'note SKILL.md:3 Its description has 1025 characters; 1024 are allowed.',
    ])
    expect(await check('---\nname: pdf\n---\n\nBody')).toEqual([
      'note SKILL.md It has no description.',
      'warning SKILL.md Its first paragraph stands for a description.',
    ])
  })

  test('that names files which are not there, or outside, is told where', async () => {
    write(root, 'references/a.md', 'a')
    const body = [
      'See [a](references/a.md#top), [b](references/b.md) and [web](https://example.com/c.md).',
      'Run `./scripts/run.sh` and `python scripts/run.py --all`.',
      'Not [this](#part), nor ${CLAUDE_PLUGIN_ROOT}/scripts/x.sh, nor scripts/<name>.sh.',
      'And [outside](../other/SKILL.md).',
    ].join('\n')
    expect(await check(`---\nname: pdf\ndescription: x\n---\n${body}`)).toEqual([
      'warning SKILL.md:5 It names references/b.md, which is not there.',
      'warning SKILL.md:6 It names ./scripts/run.sh, which is not there.',
      'warning SKILL.md:6 It names scripts/run.py, which is not there.',
      'note SKILL.md:8 It names ../other/SKILL.md, which is outside of its folder.',
    ])
  })

  test('that has outgrown its file, and a script that no shell can start', async () => {
    write(root, 'scripts/run.sh', '#!/bin/sh\r\necho\r\n')
    expect(await check(`---\nname: pdf\ndescription: x\n---\n${'line\n'.repeat(501)}`)).toEqual([
      'note SKILL.md It has 501 lines; beyond 500 they crowd out the work.',
      'error scripts/run.sh:1 Its first line ends in a carriage return, so no shell finds its interpreter.',
    ])
  })

  test('whose file is called skill.md is found by nobody', async () => {
    const plugin = join(tempFolder(), 'plugin')
    write(plugin, '.claude-plugin/plugin.json', '{"name":"plugin","version":"1","description":"x"}')
    write(plugin, 'skills/a/skill.md', skillText('a'))
    write(plugin, 'skills/b/README.md', 'none')
    write(plugin, 'skills/group/c/SKILL.md', skillText('c'))
    expect(said(await checkResources(plugin), plugin)).toEqual([
      'error skills/a Its file is called skill.md.',
      'warning skills/b There is no SKILL.md in it.',
    ])
  })
})

describe('hooks', () => {
  const check = async (hooks: unknown): Promise<string[]> => {
    const root = copyOf('claude/quick-notes')
    write(root, 'run.sh', '#!/bin/sh\n', 0o755)
    write(root, 'plain.sh', '#!/bin/sh\n', 0o644)
    write(root, 'hooks/hooks.json', JSON.stringify({ hooks }, undefined, 1))
    const checked = await checkResources(root)
    return said(checked, root).map((line) => line.replaceAll(root, 'ROOT'))
  }
  const command = (text: string, more: object = {}) => ({
    Stop: [{ hooks: [{ type: 'command', command: text, ...more }] }],
  })

  test.each([
    ['no list of groups', { Stop: {} }, 'error hooks/hooks.json:3 "Stop" is no list.'],
    [
      'no list of handlers',
      { Stop: [{ command: 'x' }] },
      'error hooks/hooks.json:3 A group of "Stop" has no list of "hooks".',
    ],
    [
      'no type',
      { Stop: [{ hooks: [{ command: 'x' }] }] },
      'error hooks/hooks.json:3 A handler of "Stop" has no "type".',
    ],
    [
      'no command',
      { Stop: [{ hooks: [{ type: 'command' }] }] },
      'error hooks/hooks.json:3 A command handler of "Stop" has no "command".',
    ],
    [
      'an unknown kind',
      { Stop: [{ hooks: [{ type: 'magic' }] }] },
      'warning hooks/hooks.json:3 A handler of "Stop" is of the kind "magic".',
    ],
    [
      'a script that is not there',
      command('"${CLAUDE_PLUGIN_ROOT}"/gone.sh'),
      'error hooks/hooks.json:8 The command runs ROOT/gone.sh, which is not there.',
    ],
    [
      'a script that is not executable',
      command('"${CLAUDE_PLUGIN_ROOT}/plain.sh"'.slice(1, -1)),
      'error hooks/hooks.json:8 The command runs ROOT/plain.sh, which is not executable.',
    ],
    [
      'a path without quotes',
      command('${CLAUDE_PLUGIN_ROOT}/run.sh'),
      'warning hooks/hooks.json:8 The command breaks where the path of the plugin has a blank.',
    ],
    [
      'a path that leads out',
      command('"${PLUGIN_ROOT}"/../other.sh'),
      'error hooks/hooks.json:8 The command leads out of the plugin: "${PLUGIN_ROOT}"/../other.sh.',
    ],
  ])('with %s are told so, with the line', async (_, hooks, message) => {
    expect(await check(hooks)).toContain(message)
  })

  test.each([
    ['in quotes', command('"${CLAUDE_PLUGIN_ROOT}"/run.sh --flag')],
    ['wholly in quotes', command('sh "${CLAUDE_PLUGIN_ROOT}/plain.sh"')],
    ['as arguments of their own', command('sh', { args: ['${CLAUDE_PLUGIN_ROOT}/plain.sh'] })],
    ['that are no files', command('echo done')],
    [
      'of other kinds',
      {
        Stop: [
          {
            hooks: [
              { type: 'prompt', prompt: 'x' },
              { type: 'http', url: 'https://a' },
            ],
          },
        ],
      },
    ],
  ])('with commands %s are good', async (_, hooks) => {
    expect(await check(hooks)).toEqual([])
  })
})

test('a hook of an event that there is not is told, where somebody knows the events', async () => {
  const root = copyOf('claude/deploy-tools')
  write(root, 'hooks/hooks.json', '{\n"hooks": {\n"Stopp": []\n}\n}')
  const isHookEvent = (name: string): boolean => name === 'Stop'
  expect(said(await checkResources(root, { isHookEvent }), root)).toContain(
    'warning hooks/hooks.json:3 There is no event "Stopp", so its handlers never run.',
  )
  expect(said(await checkResources(root), root).join()).not.toContain('Stopp')
})

describe('a plugin', () => {
  test('with components beside its manifest, folders that the manifest hides, and a CLAUDE.md', async () => {
    const root = copyOf('claude/deploy-tools')
    write(
      root,
      '.claude-plugin/plugin.json',
      '{"name":"deploy-tools","version":"1","description":"x",\n"commands":"./agents/reviewer.md"}',
    )
    write(root, '.claude-plugin/skills/a/SKILL.md', skillText('a'))
    write(root, 'CLAUDE.md', 'Never read.')
    const messages = said(await checkResources(root), root)
    expect(messages).toContain(
      'error .claude-plugin/plugin.json skills is in .claude-plugin, where nobody looks for it.',
    )
    expect(messages).toContain(
      'warning .claude-plugin/plugin.json:2 The folder commands is not read, because the manifest names "commands".',
    )
    expect(messages).toContain('note .claude-plugin/plugin.json The CLAUDE.md of a plugin is not read.')
  })

  test('that brings two skills of one name is told which one is not used', async () => {
    const root = copyOf('claude/quick-notes')
    write(root, 'skills/again/SKILL.md', skillText('note-taking'))
    expect(said(await checkResources(root), root)).toContainEqual(
      expect.stringContaining('The skill "note-taking" is called "quick-notes:note-taking"'),
    )
  })

  test.each(['escapes', 'bad-files', 'no-name', 'not-json', 'portable'])(
    'broken/%s has errors, each with a cure',
    async (name) => {
      const { problems } = await checkResources(join(corpus, 'broken', name))
      expect(problems.some(({ severity }) => severity === 'error')).toBe(true)
      for (const { message, cure, file } of problems) {
        expect(`${message}|${cure}`).toMatch(/^[A-Z"].*[.!]\|[A-Z].*\.$/s)
        expect(file.startsWith(corpus)).toBe(true)
      }
    },
  )
})

describe('other folders', () => {
  test('a marketplace is checked with the plugins that are in it, and nothing is fetched', async () => {
    const root = tempFolder()
    mkdirSync(join(root, 'plugins'))
    symlinkSync(join(corpus, 'broken/no-name'), join(root, 'plugins/gone'))
    write(root, 'plugins/good/.claude-plugin/plugin.json', '{"name":"good","version":"1","description":"x"}')
    write(root, 'plugins/good/skills/a/SKILL.md', '---\nname: a\n---\n')
    write(
      root,
      '.claude-plugin/marketplace.json',
      JSON.stringify({
        name: 'shop',
        owner: { name: 'x' },
        plugins: [
          { name: 'good', source: './plugins/good' },
          { name: 'missing', source: './plugins/missing' },
          { name: 'far', source: { source: 'github', repo: 'nobody/nothing' } },
        ],
      }),
    )
    const checked = await checkResources(root)
    expect(checked).toMatchObject({
      kind: 'marketplace',
      summary: 'marketplace shop: 3 plugins, 1 of them in this folder',
    })
    expect(said(checked, root)).toEqual([
      expect.stringMatching(/^error \.claude-plugin\/marketplace\.json The plugin "missing": /),
      'note plugins/good/skills/a/SKILL.md It has no description.',
      'error plugins/good/skills/a/SKILL.md It has no text.',
    ])
  })

  test('a folder such as .claude is checked with its settings', async () => {
    const root = join(tempFolder(), '.claude')
    write(root, 'skills/a/SKILL.md', skillText('b'))
    write(root, 'agents/a.md', '---\nname: a\ndescription: a\ncolour: red\n---\nA.')
    write(root, 'settings.json', '{\n "hooks": { "Stop": 1 }\n}')
    const checked = await checkResources(root)
    expect(checked.summary).toBe('1 skill, 1 agent, 1 hook file')
    expect(said(checked, root)).toEqual([
      'note agents/a.md:4 "colour" is no key of an agent.',
      'error settings.json:2 "Stop" is no list.',
      'note skills/a/SKILL.md:2 Its name "b" is not that of its folder, "a".',
    ])
  })

  test('one that is empty, or not there, is an error', async () => {
    const root = tempFolder()
    expect(said(await checkResources(root), root)).toEqual(['error  There is no plugin and no skill here.'])
    expect(said(await checkResources(join(root, 'gone')), root)).toEqual([
      'error gone There is nothing here.',
    ])
  })

  test.skipIf(process.getuid?.() === 0)(
    'one that cannot be looked into costs no more than itself',
    async () => {
      const root = tempFolder()
      write(root, 'skills/a/SKILL.md', skillText('a'))
      chmodSync(join(root, 'skills/a'), 0)
      expect((await checkResources(root)).kind).toBe('plugin')
    },
  )
})
