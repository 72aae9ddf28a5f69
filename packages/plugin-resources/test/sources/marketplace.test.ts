import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ResourceFiles } from '../../src/resource-files.ts'
import { openSources } from '../../src/sources/open-sources.ts'
import type { SourceOption } from '../../src/sources/source-options.ts'
import { makeTarball, makeZip } from './archives.ts'
import { startGithub, type GithubServer } from './github-server.ts'

const COMMIT = '1111111111111111111111111111111111111111'

let base: string
let github: GithubServer | undefined
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'halter-marketplace-')))
})
afterEach(async () => {
  await github?.stop()
  github = undefined
  rmSync(base, { recursive: true, force: true })
})

type Files = Readonly<Record<string, string>>

function pluginFiles(folder: string, name: string): Files {
  return {
    [`${folder}/.claude-plugin/plugin.json`]: JSON.stringify({ name, version: '1.0.0' }),
    [`${folder}/commands/${name}.md`]: '---\nallowed-tools: Read\n---\nDo it.',
  }
}

function list(plugins: readonly unknown[], more: object = {}): string {
  return JSON.stringify({ name: 'market', owner: { name: 'Ann' }, plugins, ...more })
}

function write(folder: string, files: Files): string {
  for (const [path, content] of Object.entries(files)) {
    const file = join(base, folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
  return join(base, folder)
}

async function load(option: SourceOption, sources: readonly SourceOption[] = []) {
  const options = {
    sources,
    marketplaces: [option],
    github: github ? { apiUrl: github.apiUrl, hosts: [github.archiveHost] } : {},
  }
  const { plugins, warnings, watched } = await openSources(options, {
    home: join(base, 'home'),
    env: {},
  }).load(new AbortController().signal)
  return { names: plugins.map(({ folder }) => folder.plugin?.name), plugins, warnings, watched }
}

const CLAUDE = '.claude-plugin/marketplace.json'

describe('row 81: a marketplace in a folder', () => {
  test('brings its plugins in the order of its list', async () => {
    const folder = write('m', {
      [CLAUDE]: list([
        { name: 'b', source: './plugins/b' },
        { name: 'a', source: { source: 'local', path: './plugins/a' } },
      ]),
      ...pluginFiles('plugins/a', 'a'),
      ...pluginFiles('plugins/b', 'b'),
    })
    const { names, warnings, watched, plugins } = await load(folder)
    expect({ names, warnings, watched }).toEqual({ names: ['b', 'a'], warnings: [], watched: [folder] })
    expect(plugins[0]!.from).toBe(`${folder}#b`)
    expect(plugins[0]!.folder.commands[0]!.allowedTools).toEqual(['Read'])
  })

  test('its list in .agents/plugins comes before the one in .claude-plugin', async () => {
    const folder = write('m', {
      '.agents/plugins/marketplace.json': list([{ name: 'a', source: './a' }]),
      [CLAUDE]: list([{ name: 'b', source: './b' }]),
      ...pluginFiles('a', 'a'),
      ...pluginFiles('b', 'b'),
    })
    expect((await load(folder)).names).toEqual(['a'])
  })

  test('of several, only those that are wanted come, and the others are not looked at', async () => {
    const folder = write('m', {
      [CLAUDE]: list([
        { name: 'a', source: './a' },
        { name: 'broken', source: { source: 'carrier-pigeon' } },
      ]),
      ...pluginFiles('a', 'a'),
    })
    expect(await load({ source: 'local', path: folder, only: ['a'] })).toMatchObject({
      names: ['a'],
      warnings: [],
    })
  })

  test('a wanted one that is not listed is a warning that names what is', async () => {
    const folder = write('m', { [CLAUDE]: list([{ name: 'a', source: './a' }]), ...pluginFiles('a', 'a') })
    const { names, warnings } = await load({ source: 'local', path: folder, only: ['a', 'z'] })
    expect(names).toEqual([])
    expect(warnings).toEqual([expect.stringMatching(/lists no "z", which "only" names. It lists "a"/)])
  })

  test('two entries of one name are a warning, and none of it is used', async () => {
    const twice = { name: 'a', source: './a' }
    const folder = write('m', { [CLAUDE]: list([twice, twice]), ...pluginFiles('a', 'a') })
    const { names, warnings } = await load(folder)
    expect({ names, warnings }).toEqual({
      names: [],
      warnings: [expect.stringContaining('two plugins named "a"')],
    })
  })

  test.each([
    ['no list', undefined, 'is no marketplace'],
    ['no JSON', '{', 'could not be read'],
    ['no object', '[]', 'is no JSON object'],
    ['no name', '{"plugins":[]}', 'has no "name"'],
    ['no plugins', '{"name":"m"}', 'has no list of "plugins"'],
    ['a plugin without a name', '{"name":"m","plugins":[{}]}', 'Plugin 1 of'],
    ['a plugin that is null', '{"name":"m","plugins":[null]}', 'Plugin 1 of'],
  ])('%s is a warning that says so', async (_, content, words) => {
    const folder = write('m', content === undefined ? { 'README.md': 'x' } : { [CLAUDE]: content })
    const { names, warnings } = await load(folder)
    expect({ names, warnings }).toEqual({ names: [], warnings: [expect.stringContaining(words)] })
  })

  test.each([
    ['a path that leads out', '../other'],
    ['a path that leads out further in', './a/../../other'],
    ['an absolute path', '/etc'],
    ['a path without its "./"', 'a'],
    ['a path with a backslash', '.\\a'],
    ['a folder that is not there', './gone'],
    ['a local source that leads out', { source: 'local', path: './../other' }],
    ['a local source without a path', { source: 'local' }],
    ['a kind that is not known', { source: 'npm', package: 'x' }],
    ['a repository elsewhere', { source: 'url', url: 'https://gitlab.com/a/b.git' }],
    ['a repository without a name', { source: 'github' }],
    ['a number', 7],
    ['nothing', undefined],
  ])('an entry with %s is a named warning, and the others work', async (_, source) => {
    write('other', pluginFiles('.', 'other'))
    const folder = write('m', {
      [CLAUDE]: list([
        { name: 'bad', source },
        { name: 'a', source: './a' },
      ]),
      ...pluginFiles('a', 'a'),
    })
    const { names, warnings } = await load(folder)
    expect({ names, warnings }).toEqual({
      names: ['a'],
      warnings: [expect.stringMatching(/^"bad" of the marketplace "market" is not used: /)],
    })
  })

  test('a link that leads out of it is refused', async () => {
    const other = write('other', pluginFiles('.', 'other'))
    const folder = write('m', { [CLAUDE]: list([{ name: 'evil', source: './link' }]) })
    symlinkSync(other, join(folder, 'link'))
    const { names, warnings } = await load(folder)
    expect({ names, warnings }).toEqual({
      names: [],
      warnings: [expect.stringContaining('leads out of the marketplace')],
    })
  })

  test('a base for paths is prepended where that finds them', async () => {
    const folder = write('m', {
      [CLAUDE]: list(
        [
          { name: 'a', source: 'a' },
          { name: 'b', source: './plugins/b' },
        ],
        { metadata: { pluginRoot: './plugins' } },
      ),
      ...pluginFiles('plugins/a', 'a'),
      ...pluginFiles('plugins/b', 'b'),
    })
    expect(await load(folder)).toMatchObject({ names: ['a', 'b'], warnings: [] })
  })

  test('an entry may say itself what its plugin is made of', async () => {
    const skill = (name: string): Files => ({
      [`skills/${name}/SKILL.md`]: `---\nname: ${name}\ndescription: x\n---\nx`,
    })
    const folder = write('m', {
      [CLAUDE]: list([
        { name: 'one', source: './', strict: false, skills: ['./skills/a', './skills/b'] },
        { name: 'two', source: './', strict: false, skills: ['./skills/c'], version: '2.0.0' },
      ]),
      ...skill('a'),
      ...skill('b'),
      ...skill('c'),
    })
    const { plugins, names, warnings } = await load(folder)
    expect({ names, warnings }).toEqual({ names: ['one', 'two'], warnings: [] })
    expect(plugins.map(({ folder }) => folder.skills.map(({ name }) => name))).toEqual([['a', 'b'], ['c']])
    expect(plugins[1]!.folder.plugin?.version).toBe('2.0.0')
  })

  test('what an entry says counts for less than a manifest, unless it says otherwise', async () => {
    const entry = { name: 'a', source: './a', version: '9.0.0' }
    const files = pluginFiles('a', 'a')
    const version = async (each: object, name: string) =>
      (await load(write(name, { [CLAUDE]: list([each]), ...files }))).plugins[0]!.folder.plugin?.version
    expect(await version(entry, 'one')).toBe('1.0.0')
    expect(await version({ ...entry, strict: false }, 'two')).toBe('9.0.0')
  })

  test('an entry whose folder is no plugin is a warning', async () => {
    const folder = write('m', { [CLAUDE]: list([{ name: 'a', source: './a' }]), 'a/README.md': 'x' })
    expect((await load(folder)).warnings).toEqual([
      expect.stringMatching(/^The plugin of .*#a is not used. /),
    ])
  })
})

test('an edit of the list is used from the next turn on', async () => {
  const one = { name: 'a', source: './a' }
  const folder = write('m', {
    [CLAUDE]: list([one]),
    ...pluginFiles('a', 'a'),
    ...pluginFiles('b', 'b'),
  })
  const sources = openSources({ marketplaces: [folder] }, { home: join(base, 'home'), env: {} })
  const { signal } = new AbortController()
  const files = new ResourceFiles({
    home: join(base, 'home'),
    userHome: join(base, 'user'),
    bundles: async (looks) => {
      const { plugins, warnings, watched } = await sources.load(signal, looks)
      return { plugins: plugins.map((each) => each.folder), warnings, watched }
    },
  })
  const names = async () => (await files.snapshot({ workingDir: base })).commands.map(({ name }) => name)
  expect(await names()).toEqual(['a'])
  write('m', { [CLAUDE]: list([one, { name: 'b', source: './b' }]) })
  expect(await names()).toEqual(['a', 'b'])
  write('m', { 'b/commands/b2.md': 'More.' })
  expect(await names()).toEqual(['a', 'b', 'b2'])
  files.close()
})

test('row 82: of two with one marketplace and name the first counts; other marketplaces have names of their own', async () => {
  const one = write('one', { [CLAUDE]: list([{ name: 'a', source: './a' }]), ...pluginFiles('a', 'a') })
  const two = write('two', { [CLAUDE]: list([{ name: 'a', source: './a' }]), ...pluginFiles('a', 'a') })
  const other = write('three', {
    [CLAUDE]: list([{ name: 'a', source: './a' }]).replace('market', 'other'),
    ...pluginFiles('a', 'a'),
  })
  const options = { sources: [join(one, 'a')], marketplaces: [one, two, other] }
  const { plugins, warnings } = await openSources(options, { home: join(base, 'home'), env: {} }).load(
    new AbortController().signal,
  )
  expect(plugins.map(({ from }) => from)).toEqual([join(one, 'a'), `${one}#a`, `${other}#a`])
  expect(warnings).toEqual([`${two}#a is not used: "market:a" is there already, from ${one}#a.`])
})

describe.each([
  ['tar.gz', makeTarball],
  ['zip', makeZip],
] as const)('an archive (%s)', (extension, make) => {
  const files = { [`top/${CLAUDE}`]: list([{ name: 'a', source: './a' }]), ...pluginFiles('top/a', 'a') }
  const entries = Object.entries(files).map(([path, content]) => ({ path, content }))

  function save(name = 'market'): string {
    const file = join(base, `${name}.${extension}`)
    writeFileSync(file, make(entries))
    return file
  }

  test('is a marketplace, unpacked once, and its grants need trust', async () => {
    const file = save()
    const { names, warnings, plugins, watched } = await load(file)
    expect({ names, watched }).toEqual({ names: ['a'], watched: [] })
    expect(plugins[0]!.from).toBe(`${file}#a`)
    expect(plugins[0]!.folder.plugin?.root).toContain(join(base, 'home/sources/trees'))
    expect(warnings).toEqual([expect.stringContaining('allowed-tools')])
    const trusted = await load({ source: 'archive', path: file, trusted: true })
    expect(trusted).toMatchObject({ names: ['a'], warnings: [] })
    expect(trusted.plugins[0]!.folder.plugin?.root).toBe(plugins[0]!.folder.plugin?.root)
  })

  test('with another checksum than the one that was expected is not used', async () => {
    const { names, warnings } = await load({ source: 'archive', path: save(), sha256: 'a'.repeat(64) })
    expect({ names, warnings }).toEqual({ names: [], warnings: [expect.stringContaining('its sha256 is')] })
  })

  test('that is not there is a warning', async () => {
    const { warnings } = await load(join(base, `gone.${extension}`))
    expect(warnings).toEqual([expect.stringContaining('ENOENT')])
  })
})

describe('entries in repositories', () => {
  beforeEach(async () => {
    github = await startGithub()
    github.commit('acme/tools', COMMIT, { ...pluginFiles('sub', 'tools'), ...pluginFiles('.', 'top') }, [
      'main',
      'HEAD',
    ])
  })

  const kinds: readonly (readonly [string, object])[] = [
    ['github', { source: 'github', repo: 'acme/tools', path: './sub' }],
    ['github at a ref', { source: 'github', repo: 'acme/tools', ref: 'main', path: 'sub' }],
    ['github at a sha', { source: 'github', repo: 'acme/tools', ref: 'gone', sha: COMMIT, path: 'sub' }],
    ['git-subdir', { source: 'git-subdir', url: 'https://github.com/acme/tools.git', path: 'sub' }],
    ['url', { source: 'url', url: 'https://github.com/acme/tools.git', path: 'sub' }],
  ]

  test.each(kinds)('of the kind %s are fetched', async (_, source) => {
    const folder = write('m', { [CLAUDE]: list([{ name: 'tools', source }]) })
    const { names, plugins } = await load(folder)
    expect(names).toEqual(['tools'])
    expect(plugins[0]!.from).toBe(`github:acme/tools@${COMMIT}/sub`)
  })

  test('are strangers, even in a marketplace of the user, unless it is trusted in so many words', async () => {
    const source = { source: 'github', repo: 'acme/tools', path: 'sub' }
    const folder = write('m', { [CLAUDE]: list([{ name: 'tools', source }]) })
    const byDefault = await load(folder)
    expect(byDefault.plugins[0]!.folder.commands[0]!.allowedTools).toBeUndefined()
    const trusted = await load({ source: 'local', path: folder, trusted: true })
    expect(trusted.plugins[0]!.folder.commands[0]!.allowedTools).toEqual(['Read'])
  })

  test('a marketplace in a repository finds its own plugins and those of others', async () => {
    const other = '2222222222222222222222222222222222222222'
    github!.commit(
      'acme/market',
      other,
      {
        [`dir/${CLAUDE}`]: list([
          { name: 'own', source: './own' },
          { name: 'tools', source: { source: 'github', repo: 'acme/tools', path: 'sub' } },
        ]),
        ...pluginFiles('dir/own', 'own'),
      },
      ['HEAD'],
    )
    const { names, plugins } = await load({ source: 'github', repo: 'acme/market', path: 'dir' })
    expect(names).toEqual(['own', 'tools'])
    expect(plugins.map(({ from }) => from)).toEqual([
      `github:acme/market@${other}/dir#own`,
      `github:acme/tools@${COMMIT}/sub`,
    ])
  })

  test('ten in one repository fetch it once', async () => {
    const entries = Array.from({ length: 10 }, (_, index) => ({
      name: `p${index}`,
      source: { source: 'github', repo: 'acme/tools', path: 'sub' },
    }))
    const { names } = await load(write('m', { [CLAUDE]: list(entries) }))
    expect(names).toHaveLength(10)
    expect(github!.asked).toHaveLength(3)
  })

  test('one that cannot be had is a named warning, and the others work', async () => {
    const entries = [
      { name: 'gone', source: { source: 'github', repo: 'acme/gone' } },
      { name: 'tools', source: { source: 'github', repo: 'acme/tools', path: 'sub' } },
    ]
    const { names, warnings } = await load(write('m', { [CLAUDE]: list(entries) }))
    expect(names).toEqual(['tools'])
    expect(warnings[0]).toMatch(/^"gone" of the marketplace "market" is not used: acme\/gone on GitHub/)
  })
})
