import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkResources, readPluginFolder, type PluginFolder } from '../src/read.ts'
import { copyOf, corpus, skillText, tempFolder, write } from './support.ts'

const dataHome = '/data'

function read(name: string): Promise<PluginFolder> {
  return readPluginFolder(join(corpus, name), { dataHome })
}

/** What is wrong, without what only a linter says. */
function told({ problems }: PluginFolder): string[] {
  return problems.filter(({ severity }) => severity !== 'note').map(({ message }) => message)
}

describe("a plugin in Claude Code's layout", () => {
  test('has its manifest, and everything that is in the usual places', async () => {
    const folder = await read('claude/deploy-tools')
    expect(told(folder)).toEqual([])
    expect(folder.plugin).toMatchObject({
      name: 'deploy-tools',
      version: '1.2.0',
      layout: 'claude',
      root: join(corpus, 'claude/deploy-tools'),
      allowedEnvVars: ['DEPLOY_TOKEN'],
      allowedHttpHosts: ['deploy.example.com'],
    })
    expect(folder.skills.map(({ name }) => name)).toEqual(['deploy', 'incident'])
    expect(folder.commands.map(({ name }) => name)).toEqual(['release:notes', 'status'])
    expect(folder.agents.map(({ name }) => name)).toEqual(['ops:on-call', 'reviewer'])
    expect(folder.hooks.map(({ name }) => name)).toEqual(['hooks/hooks.json'])
    expect(folder.mcpServers.map(({ name }) => name)).toEqual(['deploy-api', 'status-page'])
  })

  test('fills in placeholders in skills, agents, commands and servers, and leaves those of a call', async () => {
    const { plugin, skills, agents, commands, mcpServers, hooks } = await read('claude/deploy-tools')
    const { root, dataDir } = plugin!
    expect(skills[0]!.body).toContain(`\`${root}/skills/deploy/scripts/check.sh <service>\``)
    expect(skills[0]!.body).toContain(`${root}/templates`)
    expect(skills[0]!.body).toContain(`update to \`${dataDir}\``)
    expect(skills[0]!.body).toContain('$ARGUMENTS')
    expect(agents[1]!.prompt).toContain(`${root}/templates/services.txt`)
    expect(commands[1]!.body).toContain(`@${root}/templates/services.txt`)
    expect(mcpServers[0]!.value).toEqual({
      command: 'node',
      args: [`${root}/server.mjs`, '--data', dataDir],
      env: { REGION: '${REGION:-eu}' },
    })
    expect(JSON.stringify(hooks[0]!.value), 'hooks are for plugin-hooks to interpret').toContain(
      '${CLAUDE_PLUGIN_ROOT}',
    )
  })

  test('reads front matter of skills, agents and commands', async () => {
    const { skills, agents, commands } = await read('claude/deploy-tools')
    expect(skills[0]).toMatchObject({
      description:
        'Deploys a service to an environment and checks that it came up.\nUse when somebody asks to ship, release, roll out or roll back.',
      allowedTools: ['Read', 'Bash(git status:*)', 'Bash(./scripts/check.sh *)'],
      argumentHint: '[service] [environment]',
      root: join(corpus, 'claude/deploy-tools/skills/deploy'),
    })
    expect(skills[0]).not.toHaveProperty('modelInvocable')
    expect(skills[1]).toMatchObject({
      modelInvocable: false,
      description: 'Handles an incident: who to call, what to write down. Only when a person says so.',
    })
    expect(agents[1]).toMatchObject({ tools: ['Read', 'Grep', 'Bash(git diff:*)'], model: 'sonnet' })
    expect(agents[0], 'inherit means: the model of whoever calls it').not.toHaveProperty('model')
    expect(commands[1]).toMatchObject({
      description: 'Show what runs where',
      argumentHint: '[environment]',
      allowedTools: ['Bash(git log:*)', 'Read'],
      model: 'haiku',
    })
    expect(commands[0]!.description, 'the first paragraph, where none is written').toBe(
      'Write release notes for everything since the tag $ARGUMENTS.',
    )
  })

  test('takes from its manifest what that names, inline or by path', async () => {
    const folder = await read('claude/house-style')
    expect(told(folder)).toEqual([])
    expect(folder.skills.map(({ name, description }) => [name, description])).toEqual([
      ['grammar', 'Grammar as this house has it. Use when text is written or corrected.'],
      ['tone', 'Use this when: a text is too loud'],
    ])
    expect(folder.commands).toMatchObject([
      { name: 'polish', description: 'Polish a text', argumentHint: '[file]' },
      { name: 'about', body: 'Say what the plugin house-style is for.', allowedTools: ['Read'] },
    ])
    expect(folder.agents).toMatchObject([{ name: 'editor', tools: ['Read', 'Edit'] }])
    expect(
      folder.hooks.map(({ name, value }) => [name, Object.keys((value as { hooks: object }).hooks)]),
    ).toEqual([
      [join('config', 'hooks.json'), ['PostToolUse']],
      ['plugin.json#hooks', ['UserPromptSubmit']],
    ])
    expect(folder.mcpServers).toMatchObject([
      { name: 'dictionary', value: { command: join(folder.plugin!.root, 'bin/dictionary') } },
    ])
  })

  test('needs no manifest: then its folder names it', async () => {
    const { plugin, skills, commands } = await read('claude/quick-notes')
    expect(plugin).toMatchObject({ name: 'quick-notes', layout: 'claude' })
    expect(skills.map(({ name }) => name)).toEqual(['note-taking'])
    expect(commands.map(({ name }) => name)).toEqual(['note'])
    expect(await readPluginFolder(join(corpus, 'claude/quick-notes'), { name: 'notes' })).toMatchObject({
      plugin: { name: 'notes' },
    })
  })

  test('that is one SKILL.md is one skill', async () => {
    const root = tempFolder()
    write(root, '.claude-plugin/plugin.json', '{"name":"solo"}')
    write(root, 'SKILL.md', '---\ndescription: Alone.\n---\nDo it.')
    expect((await readPluginFolder(root)).skills).toMatchObject([{ name: 'solo', description: 'Alone.' }])
  })
})

describe('other layouts', () => {
  test("Codex's has its own manifest, and the same places", async () => {
    const folder = await read('codex/issue-triage')
    expect(told(folder)).toEqual([])
    expect(folder.plugin).toMatchObject({ name: 'issue-triage', layout: 'codex' })
    expect(folder.skills[0]!.body).toContain(`node ${folder.plugin!.root}/skills/triage/scripts/labels.mjs`)
    expect(folder.hooks).toHaveLength(1)
    expect(folder.mcpServers).toMatchObject([{ name: 'tracker' }])
  })

  test('Agent Plugins 1.0 has skills and servers in fixed places, with its placeholders filled in', async () => {
    const folder = await read('agent/weekly-reports')
    expect(told(folder)).toEqual([])
    const { root, dataDir } = folder.plugin!
    expect(folder.plugin).toMatchObject({ name: 'weekly-reports', layout: 'agent' })
    expect(folder.skills).toMatchObject([{ name: 'summarize', allowedTools: ['Read', 'Bash(git:*)'] }])
    expect(folder.mcpServers.map(({ value }) => value)).toEqual([
      {
        type: 'stdio',
        command: './bin/archive.sh',
        args: ['--data', `${dataDir}/archive`],
        env: { FORM: `${root}/skills/summarize/references/form.md` },
        cwd: root,
      },
      { type: 'streamable-http', url: 'https://calendar.example.com/mcp' },
    ])
  })

  test.each([
    [['.codex-plugin', '.claude-plugin', '.agent-plugin', '.'], 'codex'],
    [['.claude-plugin', '.agent-plugin', '.'], 'claude'],
    [['.agent-plugin', '.'], 'agent'],
    [['.'], 'agent'],
  ])('of several manifests, %j, the first in the order of the reference counts', async (places, layout) => {
    const root = tempFolder()
    for (const [index, place] of places.entries())
      write(root, join(place, 'plugin.json'), JSON.stringify({ name: `p${index}`, version: '1.0.0' }))
    expect((await readPluginFolder(root)).plugin).toMatchObject({ name: 'p0', layout })
  })

  test('a plugin.json from before the specification is read, and may name components', async () => {
    const root = tempFolder()
    write(
      root,
      'plugin.json',
      JSON.stringify({ name: 'old', version: '1', skills: './know', agents: './who' }),
    )
    write(root, 'know/a/SKILL.md', skillText('a'))
    write(root, 'who/b.md', '---\ndescription: b\n---\nBe b.')
    const folder = await readPluginFolder(root)
    expect(folder.skills.map(({ name }) => name)).toEqual(['a'])
    expect(folder.agents.map(({ name }) => name)).toEqual(['b'])
    expect(told(folder)).toEqual(['It has no "$schema", so other agents will refuse it.'])
  })
})

describe('what is broken leaves out itself and nothing else', () => {
  test('paths of a manifest that lead out of the plugin, or nowhere', async () => {
    const folder = await read('broken/escapes')
    expect(folder.skills.map(({ name }) => name)).toEqual(['good'])
    expect(told(folder)).toEqual([
      '"skills": "../skills" leads out of the plugin.',
      '"skills": "/etc" leads out of the plugin.',
      '"skills": "skills" does not begin with "./".',
      '"skills": There is no "./missing".',
      expect.stringContaining('which is no markdown file'),
      'The command "both" has not exactly one of "source" and "content".',
      '"hooks": There is no "./hooks-that-are-not-there.json".',
      'Its "mcpServers" are neither a path nor an object.',
    ])
    expect(folder.problems.every(({ file }) => file.endsWith(join('.claude-plugin', 'plugin.json')))).toBe(
      true,
    )
    expect(folder.problems.find(({ message }) => message.startsWith('"hooks"'))?.line).toBe(7)
  })

  test('files that cannot be read', async () => {
    const folder = await read('broken/bad-files')
    expect(folder.skills.map(({ name }) => name)).toEqual(['Bad_Name', 'good-one'])
    expect(folder.agents).toEqual([])
    expect(folder.commands).toEqual([])
    expect(folder.hooks).toEqual([])
    expect(folder.mcpServers.map(({ name }) => name)).toEqual(['works'])
    expect(told(folder)).toEqual(
      expect.arrayContaining([
        'It has no prompt.',
        'It has no text.',
        expect.stringMatching(/^It is no JSON: /),
        'The server "nothing" has neither a "command" nor a "url".',
        'Its front matter has no end.',
      ]),
    )
    const hooks = folder.problems.find(({ file }) => file.endsWith('hooks.json'))
    expect(hooks).toMatchObject({ severity: 'error', line: 1 })
  })

  test.each([
    ['broken/no-name', /^It has no "name"/],
    ['broken/not-json', /^It is no JSON/],
  ])('%s has no manifest that can be used, so nothing of it is', async (name, message) => {
    const folder = await read(name)
    expect(folder.plugin).toBeUndefined()
    expect([...folder.skills, ...folder.agents, ...folder.commands, ...folder.hooks]).toEqual([])
    expect(told(folder)).toEqual([expect.stringMatching(message)])
  })

  test('a folder with nothing of a plugin is told to be none', async () => {
    expect(told(await readPluginFolder(tempFolder()))).toEqual([
      'It is no plugin: it has no manifest and no component.',
    ])
  })

  test('Agent Plugins: unknown keys are ignored, other skills and servers go on', async () => {
    const folder = await read('broken/portable')
    expect(folder.skills.map(({ name }) => name)).toEqual(['good'])
    expect(folder.mcpServers.map(({ name }) => name)).toEqual(['works'])
    expect(told(folder)).toEqual([
      '"hooks" is no key of Agent Plugins, and is not used.',
      'Its name "other" is not that of its folder, "misnamed".',
      'The server "no-type" is left out: its "type" is undefined, not "stdio", "streamable-http" or "sse".',
      'The server "escapes" is left out: its "command" leads out of the plugin.',
      'The server "shell" is left out: its "command" is neither a bare name nor a path that begins with "./".',
      'The server "insecure" is left out: its "url" must be https.',
      'The server "secret" is left out: its "url" has a user, a password or a fragment.',
      'The server "reserved" is left out: its "env" sets PLUGIN_ROOT or PLUGIN_DATA, which are given.',
    ])
  })

  test.each([
    [
      'no version of the specification that is known',
      { $schema: 'https://agent-plugins.org/schemas/9.0.0/plugin.schema.json' },
    ],
    ['a name in capitals', { name: 'Loud' }],
    ['a name with two hyphens', { name: 'a--b' }],
    ['an author with more than three keys', { author: { name: 'a', age: '7' } }],
    ['a version that is a number', { version: 1 }],
    ['keywords that are no list', { keywords: 'a' }],
  ])('an Agent Plugin with %s is refused', async (_, change) => {
    const root = tempFolder()
    const $schema = 'https://agent-plugins.org/schemas/1.0.0/plugin.schema.json'
    write(root, 'plugin.json', JSON.stringify({ $schema, name: 'a', ...change }))
    write(root, 'skills/a/SKILL.md', skillText('a'))
    const folder = await readPluginFolder(root)
    expect(folder.plugin).toBeUndefined()
    expect(told(folder)).toHaveLength(1)
  })
})

describe('nothing outside the plugin is read', () => {
  test.each(['skills', 'commands', 'agents'])('over a link in the place of %s', async (part) => {
    const root = copyOf('claude/quick-notes')
    const outside = tempFolder()
    write(outside, 'secret.md', 'SECRET')
    write(outside, 'a/SKILL.md', skillText('secret'))
    rmSync(join(root, part), { recursive: true, force: true })
    symlinkSync(outside, join(root, part))
    const folder = await readPluginFolder(root)
    expect(JSON.stringify(folder)).not.toContain('SECRET')
    expect(told(folder)).toEqual(['It leads out of the plugin.'])
  })

  test('over a link to a single file, or to the manifest', async () => {
    const root = copyOf('claude/deploy-tools')
    const outside = tempFolder()
    for (const [link, target] of [
      ['commands/leak.md', write(outside, 'leak.md', 'SECRET')],
      ['agents/leak.md', write(outside, 'leak2.md', 'SECRET')],
      ['skills/leak/SKILL.md', write(outside, 'SKILL.md', 'SECRET')],
    ] as const) {
      mkdirSync(join(root, link, '..'), { recursive: true })
      symlinkSync(target, join(root, link))
    }
    const folder = await readPluginFolder(root)
    expect(JSON.stringify(folder)).not.toContain('SECRET')
    expect(told(folder)).toEqual(Array.from({ length: 3 }, () => `It leads out of ${root}.`))

    rmSync(join(root, '.claude-plugin/plugin.json'))
    symlinkSync(write(outside, 'plugin.json', '{"name":"other"}'), join(root, '.claude-plugin/plugin.json'))
    expect((await readPluginFolder(root)).plugin).toBeUndefined()
  })

  test('a link inside the plugin is followed, and a circle ends', async () => {
    const root = tempFolder()
    write(root, '.claude-plugin/plugin.json', '{"name":"circle"}')
    write(root, 'shared/a/SKILL.md', skillText('a'))
    mkdirSync(join(root, 'skills'))
    symlinkSync(join(root, 'shared/a'), join(root, 'skills/a'))
    symlinkSync(root, join(root, 'skills/again'))
    const folder = await readPluginFolder(root)
    expect(new Set(folder.skills.map(({ name }) => name))).toEqual(new Set(['a']))
  })

  test('links that lead to each other a thousand times end, and each file counts once', async () => {
    const root = tempFolder()
    write(root, '.claude-plugin/plugin.json', '{"name":"maze"}')
    for (const part of ['skills', 'commands', 'agents']) {
      write(root, `${part}/a/deep.md`, '---\ndescription: x\n---\nDo it.')
      write(root, `${part}/a/SKILL.md`, skillText('a'))
      for (let index = 0; index < 30; index++) symlinkSync(root, join(root, part, `link${index}`))
    }
    const { skills, commands, agents } = await readPluginFolder(root)
    expect(skills, 'a folder for each part, whichever way leads to it').toHaveLength(3)
    expect(new Set(commands.map(({ source }) => source)).size).toBe(commands.length)
    expect(agents.length).toBeLessThan(20)
  })

  test('a pipe in the place of a file is not waited for', async () => {
    const root = copyOf('claude/quick-notes')
    execFileSync('mkfifo', [join(root, 'skills/note-taking/pipe.md'), join(root, 'commands/pipe.md')])
    expect((await readPluginFolder(root)).commands.map(({ name }) => name)).toEqual(['note'])
  })
})

describe('who a plugin is', () => {
  test('its id is the same at every reading, and another for another version or place', async () => {
    const root = copyOf('claude/deploy-tools')
    const ids = [await readPluginFolder(root), await readPluginFolder(root)].map(({ plugin }) => plugin!.id)
    expect(ids[0]).toBe(ids[1])
    expect(ids[0]).toMatch(/^deploy-tools-[0-9a-f]{12}$/)

    const { plugin: before } = await readPluginFolder(root, { dataHome })
    writeFileSync(join(root, '.claude-plugin/plugin.json'), '{"name":"deploy-tools","version":"1.3.0"}')
    const { plugin: after } = await readPluginFolder(root, { dataHome })
    expect(after!.id).not.toBe(before!.id)
    expect(after!.dataDir, 'an update keeps its data').toBe(before!.dataDir)

    const elsewhere = join(tempFolder(), 'deploy-tools')
    cpSync(root, elsewhere, { recursive: true })
    expect((await readPluginFolder(elsewhere)).plugin!.id).not.toBe(after!.id)
  })

  test('it can be read in one place and be said to be in another', async () => {
    const { plugin, skills, commands } = await readPluginFolder(join(corpus, 'claude/deploy-tools'), {
      shownRoot: '/where/it/will/be',
      dataHome,
      dataName: 'market/deploy-tools',
    })
    expect(plugin).toMatchObject({ root: '/where/it/will/be', dataDir: '/data/market-deploy-tools' })
    expect(skills[0]).toMatchObject({
      source: '/where/it/will/be/skills/deploy/SKILL.md',
      root: '/where/it/will/be/skills/deploy',
    })
    expect(skills[0]!.body).toContain('/where/it/will/be/skills/deploy/scripts/check.sh')
    expect(commands[1]!.source).toBe('/where/it/will/be/commands/status.md')
  })

  test('of one that nobody looked at, hooks are left out, with a warning', async () => {
    const folder = await readPluginFolder(join(corpus, 'claude/deploy-tools'), { hooks: false })
    expect(folder.hooks).toEqual([])
    expect(folder.skills).toHaveLength(2)
    expect(told(folder)).toEqual([expect.stringContaining('remote_unsupported_component')])
  })

  test.each(['a b', 'a/b', '..', 'a:b', 'a@b', 'a\u0000b'])('a name such as %j is refused', async (name) => {
    const root = tempFolder()
    write(root, '.claude-plugin/plugin.json', JSON.stringify({ name }))
    expect((await readPluginFolder(root)).plugin).toBeUndefined()
  })
})

describe('law: whatever a plugin says', () => {
  const key = fc.constantFrom(
    '$schema',
    'name',
    'version',
    'skills',
    'agents',
    'commands',
    'hooks',
    'mcpServers',
    'allowedEnvVars',
    'allowedHttpHosts',
    'author',
    '__proto__',
  )
  const path = fc.constantFrom(
    './skills',
    './commands',
    './good',
    '.',
    './',
    '..',
    './../x',
    '/',
    '~',
    '',
    './hooks/hooks.json',
  )
  const value = fc.oneof(
    path,
    fc.array(path),
    fc.jsonValue({ maxDepth: 3 }),
    fc.dictionary(fc.string(), path),
  )
  const place = fc.constantFrom('.claude-plugin', '.codex-plugin', '.agent-plugin', '.')

  test('reading it throws nothing, and what is found is from inside', async () => {
    const root = copyOf('claude/deploy-tools')
    await fc.assert(
      fc.asyncProperty(fc.dictionary(key, value), place, async (manifest, at) => {
        for (const each of ['.claude-plugin', '.codex-plugin', '.agent-plugin'])
          rmSync(join(root, each), { recursive: true, force: true })
        rmSync(join(root, 'plugin.json'), { force: true })
        write(root, join(at, 'plugin.json'), JSON.stringify({ name: 'law', ...manifest }))
        const folder = await readPluginFolder(root)
        const found = [
          ...folder.skills,
          ...folder.agents,
          ...folder.commands,
          ...folder.hooks,
          ...folder.mcpServers,
        ]
        for (const { source } of found) expect(source.startsWith(root)).toBe(true)
        for (const { file, message, cure } of folder.problems) {
          expect(file.startsWith(root)).toBe(true)
          expect(message).not.toBe('')
          expect(cure).not.toBe('')
        }
      }),
      { numRuns: 300 },
    )
  })

  test('in hook and server files costs nothing but itself', async () => {
    const root = copyOf('claude/deploy-tools')
    const file = fc.constantFrom('hooks/hooks.json', '.mcp.json')
    const text = fc.oneof(
      fc.json({ maxDepth: 4 }),
      fc.string({ unit: 'binary' }),
      fc.constant('{"hooks":{"Stop":[{"hooks":[]}]}}'),
    )
    await fc.assert(
      fc.asyncProperty(file, text, async (name, content) => {
        write(root, name, content)
        const folder = await readPluginFolder(root)
        expect(folder.plugin).toBeDefined()
        expect(folder.skills).toHaveLength(2)
        await checkResources(root)
      }),
      { numRuns: 150 },
    )
  })
})

test('the scripts of the corpus run, in the languages they are written in', () => {
  const root = join(corpus, 'claude/deploy-tools')
  const run = (file: string, args: string[], input: unknown): string =>
    execFileSync(file, args, {
      input: JSON.stringify(input),
      env: { ...process.env, CLAUDE_PLUGIN_ROOT: root },
      encoding: 'utf8',
    })
  const call = { tool_input: { command: 'deploy api' } }
  expect(run(join(root, 'hooks/guard.sh'), [], call)).toBe('')
  expect(() => run(join(root, 'hooks/guard.sh'), [], { tool_input: { command: 'rm -rf /' } })).toThrow(
    /nothing is deleted/,
  )
  expect(run('python3', [join(root, 'hooks/dry_run.py')], call)).toContain('deploy api --dry-run')
  expect(run(process.execPath, [join(root, 'hooks/greet.mjs')], { source: 'startup' })).toContain(
    'api, web, worker',
  )
})
