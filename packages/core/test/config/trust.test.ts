import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { loadConfig, type LoadConfigOptions, type LoadedConfig } from '../../src/config/load-config.ts'
import { trustFolders } from '../../src/config/trust-folders.ts'
import { listTrusted, revokeTrust } from '../../src/config/trust-record.ts'
import type { TrustAnswer, TrustQuestion } from '../../src/config/trust.ts'
import type { FolderTrust } from '../../src/contracts/trust.ts'
import type { Plugin } from '../../src/define-plugin.ts'

let base: string
let project: string
let canary: string

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'halter-trust-')))
  project = join(base, 'project')
  canary = join(base, 'canary')
  mkdirSync(join(project, '.git'), { recursive: true })
  writeFileSync(join(project, 'halter.config.mjs'), runs('export default { model: "theirs" }'))
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

/** A module that leaves a mark when it runs. */
function runs(rest: string): string {
  return `import { writeFileSync } from 'node:fs'\nwriteFileSync(${JSON.stringify(canary)}, 'x')\n${rest}\n`
}

function load(options: LoadConfigOptions = {}) {
  return loadConfig({ cwd: project, ...options, env: { HALTER_HOME: join(base, 'home'), ...options.env } })
}

/** A person who says the same every time, and remembers what they were asked. */
function person(answer: TrustAnswer): {
  asked: TrustQuestion[]
  ask: (question: TrustQuestion) => Promise<TrustAnswer>
} {
  const asked: TrustQuestion[] = []
  return { asked, ask: (question) => Promise.resolve((asked.push(question), answer)) }
}

test('where nobody can be asked, an untrusted folder is refused by name and nothing of it runs', async () => {
  await expect(load()).rejects.toMatchObject({
    code: 'ERR_CONFIG_UNTRUSTED',
    message: expect.stringContaining(join(project, 'halter.config.mjs')) as unknown,
  })
  expect(existsSync(canary)).toBe(false)
})

test('JSON of an untrusted folder is not applied either', async () => {
  rmSync(join(project, 'halter.config.mjs'))
  writeFileSync(join(project, '.halterrc.json'), '{ "limits": { "steps": 1000000 } }')
  await expect(load()).rejects.toMatchObject({ code: 'ERR_CONFIG_UNTRUSTED' })
})

test.each([
  ['the caller', { trust: { isTrusted: true } }],
  ['HALTER_TRUST=1', { env: { HALTER_TRUST: '1' } }],
])('%s can trust it, and that is not remembered', async (_, options) => {
  expect((await load(options)).runtime.defaultModel).toBe('theirs')
  await expect(load()).rejects.toMatchObject({ code: 'ERR_CONFIG_UNTRUSTED' })
})

test('HALTER_TRUST=0 goes on without it, and says so', async () => {
  const { runtime, warnings } = await load({ env: { HALTER_TRUST: '0' } })
  expect(runtime.defaultModel).toBeUndefined()
  expect(warnings.join()).toContain('halter.config.mjs is not applied')
  expect(existsSync(canary)).toBe(false)
})

test('HALTER_TRUST that says neither yes nor no is refused', async () => {
  await expect(load({ env: { HALTER_TRUST: 'yes' } })).rejects.toMatchObject({
    code: 'ERR_CONFIG',
    message: 'HALTER_TRUST is "yes", which says neither yes nor no. Set it to 1 or to 0.',
  })
})

test('"always" is remembered for this content of this file, readable by the user alone, and asked again after a change', async () => {
  const { ask, asked } = person('always')
  expect((await load({ trust: { ask } })).runtime.defaultModel).toBe('theirs')
  expect((await load({ trust: { ask } })).runtime.defaultModel).toBe('theirs')
  expect(asked).toHaveLength(1)
  expect(statSync(join(base, 'home/trusted.json')).mode & 0o077).toBe(0)
  writeFileSync(join(project, 'halter.config.mjs'), 'export default { model: "changed" }')
  expect((await load({ trust: { ask } })).runtime.defaultModel).toBe('changed')
  expect(asked).toHaveLength(2)
})

test('"once" is asked again, "no" goes on without', async () => {
  const once = person('once')
  await load({ trust: once })
  await load({ trust: once })
  expect(once.asked).toHaveLength(2)
  expect((await load({ trust: person('no') })).runtime.defaultModel).toBeUndefined()
})

test('what changes while somebody is asked is asked about once more', async () => {
  const asked: TrustQuestion[] = []
  const ask = (question: TrustQuestion): Promise<TrustAnswer> => {
    asked.push(question)
    if (asked.length === 1)
      writeFileSync(join(project, 'halter.config.mjs'), 'export default { model: "swapped" }')
    return Promise.resolve('always')
  }
  expect((await load({ trust: { ask } })).runtime.defaultModel).toBe('swapped')
  expect(asked).toHaveLength(2)
  expect(asked[1]!.content[0]!.sha256).not.toBe(asked[0]!.content[0]!.sha256)
})

test('a link to a trusted file is another folder', async () => {
  await load({ trust: person('always') })
  const other = join(base, 'other')
  mkdirSync(join(other, '.git'), { recursive: true })
  symlinkSync(join(project, 'halter.config.mjs'), join(other, 'halter.config.mjs'))
  await expect(load({ cwd: other })).rejects.toMatchObject({ code: 'ERR_CONFIG_UNTRUSTED' })
})

test('a damaged record trusts nothing', async () => {
  mkdirSync(join(base, 'home'))
  writeFileSync(join(base, 'home/trusted.json'), '{ "half')
  await expect(load()).rejects.toMatchObject({ code: 'ERR_CONFIG_UNTRUSTED' })
  writeFileSync(join(base, 'home/trusted.json'), '"text"')
  await expect(load()).rejects.toMatchObject({ code: 'ERR_CONFIG_UNTRUSTED' })
})

test('settings for cosmiconfig in the working directory do not run, whatever is read there', () => {
  rmSync(join(project, 'halter.config.mjs'))
  mkdirSync(join(project, '.config'))
  writeFileSync(join(project, '.config/config.mjs'), runs('export default {}'))
  writeFileSync(
    join(project, '.config/config.cjs'),
    `require('node:fs').writeFileSync(${JSON.stringify(canary)}, 'x')`,
  )
  writeFileSync(
    join(project, '.config/config.js'),
    `require('node:fs').writeFileSync(${JSON.stringify(canary)}, 'x')`,
  )
  writeFileSync(join(project, 'package.json'), '{ "cosmiconfig": { "searchPlaces": ["evil.js"] } }')
  mkdirSync(join(base, 'home'))
  writeFileSync(join(base, 'home/config.yaml'), 'model: mine')
  const probe = `
    const { loadConfig } = await import(${JSON.stringify(new URL('../../src/config/load-config.ts', import.meta.url).href)})
    const { runtime } = await loadConfig({ env: { HALTER_HOME: ${JSON.stringify(join(base, 'home'))} } })
    console.log(runtime.defaultModel, process.cwd())`
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', probe], {
    cwd: project,
    encoding: 'utf8',
  })
  expect(output.trim()).toBe(`mine ${project}`)
  expect(existsSync(canary)).toBe(false)
})

describe('what a folder brings besides its configuration', () => {
  const brought = {
    'a hook file': '.claude/settings.json',
    'local hooks': '.claude/settings.local.json',
    'a skill': '.claude/skills/review/SKILL.md',
    'a command': '.agents/commands/ship.md',
    'an agent': '.halter/agents/judge.md',
    'a plugin folder': '.halter/plugins/x/.claude-plugin/plugin.json',
  }
  beforeEach(() => rmSync(join(project, 'halter.config.mjs')))

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(project, path)), { recursive: true })
    writeFileSync(join(project, path), text)
  }
  const settings = (command: string): string =>
    JSON.stringify({ hooks: { SessionStart: [{ hooks: [{ type: 'command', command }] }] } })

  /** What plugins are told about a folder. */
  async function isTrusted(loaded: LoadedConfig, folder = project): Promise<boolean> {
    const [plugin] = loaded.runtime.presets!.at(-1)!.plugins as readonly Plugin[]
    const result = (await plugin!.setup({} as never)) as { readonly trust: FolderTrust }
    return await result.trust.isTrusted(folder)
  }

  test.each(Object.entries(brought))('%s is asked about, and counts only after a yes', async (_, path) => {
    write(path, settings('true'))
    const without = await load({ env: { HALTER_TRUST: '0' } })
    expect(without.leftOut).toEqual([expect.stringContaining(join(project, path.split('/')[0]!))])
    expect(await isTrusted(without)).toBe(false)
    const { ask, asked } = person('always')
    expect(await isTrusted(await load({ trust: { ask } }))).toBe(true)
    expect(asked).toHaveLength(1)
    expect(await isTrusted(await load())).toBe(true)
  })

  test.each(Object.entries(brought))(
    '%s: where nobody can be asked, hooks are an error, for they may be what keeps tools in check, and the rest is left out',
    async (what, path) => {
      write(path, settings('true'))
      if (what.includes('hook')) await expect(load()).rejects.toMatchObject({ code: 'ERR_CONFIG_UNTRUSTED' })
      else expect(await isTrusted(await load())).toBe(false)
    },
  )

  test('settings without hooks keep nobody from working', async () => {
    write('.claude/settings.json', '{ "model": "x", "permissions": { "allow": [] } }')
    const headless = await load()
    expect(headless.leftOut).toHaveLength(1)
    expect(await isTrusted(headless)).toBe(false)
  })

  test('everything is one question, the configuration included', async () => {
    for (const path of Object.values(brought)) write(path, settings('true'))
    write('halter.config.json', '{}')
    const { ask, asked } = person('always')
    await load({ trust: { ask } })
    expect(asked).toHaveLength(1)
    expect(asked[0]!.content.map(({ path }) => relative(project, path))).toEqual([
      'halter.config.json',
      '.claude/settings.json',
      '.claude/settings.local.json',
      '.claude/skills',
      '.agents/commands',
      '.halter/agents',
      '.halter/plugins',
    ])
  })

  test('a change takes the trust away at once, and where nobody can be asked it is an error that names the file', async () => {
    write('.claude/settings.json', settings('true'))
    const loaded = await load({ trust: person('always') })
    expect(await isTrusted(loaded)).toBe(true)
    write('.claude/settings.json', settings('curl evil'))
    expect(await isTrusted(loaded)).toBe(false)
    await expect(load()).rejects.toMatchObject({
      code: 'ERR_CONFIG_UNTRUSTED',
      message: expect.stringContaining('settings.json (has changed)') as unknown,
    })
  })

  test('a new file beside trusted ones is asked about, alone', async () => {
    write('.claude/settings.json', settings('true'))
    await load({ trust: person('always') })
    write('.claude/skills/new/SKILL.md', 'x')
    await expect(load()).rejects.toMatchObject({ code: 'ERR_CONFIG_UNTRUSTED' })
    const { ask, asked } = person('no')
    expect(await isTrusted(await load({ trust: { ask } }))).toBe(false)
    expect(asked[0]!.content).toMatchObject([{ path: join(project, '.claude/skills'), hasChanged: false }])
  })

  test('"once" holds for this run and this content', async () => {
    write('.claude/settings.json', settings('true'))
    const loaded = await load({ trust: person('once') })
    expect(await isTrusted(loaded)).toBe(true)
    write('.claude/settings.json', settings('false'))
    expect(await isTrusted(loaded)).toBe(false)
    await expect(load()).rejects.toMatchObject({ code: 'ERR_CONFIG_UNTRUSTED' })
  })

  test.each([
    ['"$CLAUDE_PROJECT_DIR"/scripts/check.sh --fast'],
    ['${CLAUDE_PROJECT_DIR}/scripts/check.sh'],
    ['bash scripts/check.sh'],
    ['cd . && ./scripts/check.sh;true'],
    ['<project>/scripts/check.sh'],
  ])('a script that a hook names counts, with what it names itself: %s', async (command) => {
    write('.claude/settings.json', settings(command.replace('<project>', project)))
    write('scripts/check.sh', 'source ./lib.sh')
    write('scripts/lib.sh', 'true')
    await load({ trust: person('always') })
    expect(await isTrusted(await load())).toBe(true)
    write('scripts/lib.sh', 'curl evil')
    await expect(load()).rejects.toMatchObject({ code: 'ERR_CONFIG_UNTRUSTED' })
  })

  test('what another program keeps in the same settings file does not ask again', async () => {
    write('.claude/settings.local.json', '{ "permissions": { "allow": ["Bash(ls)"] } }')
    expect((await load()).warnings).toEqual([])
    write('.claude/settings.json', '{ "hooks": {}, "permissions": {} }')
    await load({ trust: person('always') })
    write('.claude/settings.json', '{ "permissions": { "allow": ["x"] }, "hooks": {} }')
    expect(await isTrusted(await load())).toBe(true)
  })

  test('folders above count up to the root of the repository, and no further', async () => {
    write('deep/er/x', '')
    write('.claude/skills/s/SKILL.md', 'x')
    mkdirSync(join(base, '.claude/skills/above'), { recursive: true })
    writeFileSync(join(base, '.claude/skills/above/SKILL.md'), 'x')
    const { ask, asked } = person('always')
    await load({ cwd: join(project, 'deep/er'), trust: { ask } })
    expect(asked[0]!.content.map(({ path }) => path)).toEqual([join(project, '.claude/skills')])
    expect(await isTrusted(await load(), join(project, 'deep'))).toBe(true)
    expect(await isTrusted(await load(), base)).toBe(false)
  })

  test('a folder with more files than anybody reads is asked about each time, and a yes holds for that run', async () => {
    mkdirSync(join(project, '.claude/skills'), { recursive: true })
    for (let n = 0; n < 2_001; n++) writeFileSync(join(project, `.claude/skills/${n}.md`), '')
    const { ask, asked } = person('always')
    expect(await isTrusted(await load({ trust: { ask } }))).toBe(true)
    expect(await isTrusted(await load({ trust: { ask } }))).toBe(true)
    expect(asked).toHaveLength(2)
    expect(await isTrusted(await load())).toBe(false)
  })

  test('links to nowhere and back to themselves, and pipes, stop nothing', async () => {
    write('.claude/skills/a/SKILL.md', 'x')
    symlinkSync('loop', join(project, '.claude/skills/loop'))
    symlinkSync('..', join(project, '.claude/skills/a/up'))
    symlinkSync('gone', join(project, '.claude/settings.json'))
    symlinkSync(join(base, 'nothing'), join(project, '.claude/hooks'))
    expect(await isTrusted(await load({ trust: person('always') }))).toBe(true)
    execFileSync('mkfifo', [join(project, '.claude/skills/pipe')])
    expect(await isTrusted(await load())).toBe(true)
  })

  test('a link that leads elsewhere is a change', async () => {
    write('.claude/skills/a/SKILL.md', 'a')
    write('.claude/skills/b/SKILL.md', 'b')
    symlinkSync('a', join(project, '.claude/skills/link'))
    const loaded = await load({ trust: person('always') })
    expect(await isTrusted(loaded)).toBe(true)
    rmSync(join(project, '.claude/skills/link'))
    symlinkSync('b', join(project, '.claude/skills/link'))
    expect(await isTrusted(loaded)).toBe(false)
  })

  test('--trust covers the whole project whatever it holds, HALTER_TRUST=0 leaves out even what was trusted', async () => {
    write('.claude/settings.json', settings('true'))
    const loaded = await load({ trust: { isTrusted: true } })
    write('.claude/settings.json', settings('false'))
    expect(await isTrusted(loaded)).toBe(true)
    await load({ trust: person('always') })
    expect(await isTrusted(await load({ env: { HALTER_TRUST: '0' } }))).toBe(false)
  })

  test('the user’s own folder is nobody’s project', async () => {
    vi.stubEnv('HOME', project)
    try {
      write('.claude/settings.json', settings('true'))
      expect((await load()).warnings).toEqual([])
    } finally {
      vi.unstubAllEnvs()
    }
  })
})

describe('a configuration’s own code', () => {
  test.each([
    ['halter.config.mjs', 'import "./lib/a.mjs"\nexport default {}'],
    ['halter.config.json', '{ "plugins": ["./lib/a.mjs"] }'],
    ['halter.config.yaml', 'plugins:\n  - ./lib/a.mjs\n'],
    ['.halterrc', 'plugins: [./lib/a.mjs]'],
    ['package.json', '{ "halter": { "plugins": ["./lib/a.mjs"] } }'],
  ])('a change in a local module that %s reaches asks again', async (name, text) => {
    rmSync(join(project, 'halter.config.mjs'))
    const plugin = `import { b } from './b.mjs'\nexport default { [Symbol.for('halter.plugin')]: b }`
    mkdirSync(join(project, 'lib'))
    writeFileSync(join(project, 'lib/a.mjs'), plugin)
    writeFileSync(join(project, 'lib/b.mjs'), 'export const b = 1')
    writeFileSync(join(project, name), text)
    const { ask, asked } = person('always')
    const settle = (): Promise<unknown> => load({ trust: { ask } }).catch((error: unknown) => error)
    await settle()
    await settle()
    expect(asked).toHaveLength(1)
    writeFileSync(join(project, 'lib/b.mjs'), 'export const b = 2')
    await settle()
    expect(asked).toHaveLength(2)
    expect(asked[1]!.content).toMatchObject([{ path: join(project, name), hasChanged: true }])
  })

  test('the scripts of a package.json that holds the configuration may change', async () => {
    rmSync(join(project, 'halter.config.mjs'))
    const manifest = { halter: { model: 'theirs' }, scripts: { test: 'true' } }
    writeFileSync(join(project, 'package.json'), JSON.stringify(manifest))
    await load({ trust: person('always') })
    writeFileSync(join(project, 'package.json'), JSON.stringify({ ...manifest, scripts: {} }))
    expect((await load()).runtime.defaultModel).toBe('theirs')
  })
})

describe('the record', () => {
  test('lists what is trusted, and takes it back for a folder and everything below', async () => {
    const home = join(base, 'home')
    await load({ trust: person('always') })
    expect(listTrusted(home)).toMatchObject([{ path: join(project, 'halter.config.mjs'), root: project }])
    expect(revokeTrust(home, join(base, 'pro'))).toEqual([])
    expect(revokeTrust(home, base)).toHaveLength(1)
    expect(listTrusted(home)).toEqual([])
    await expect(load()).rejects.toMatchObject({ code: 'ERR_CONFIG_UNTRUSTED' })
  })
})

test('a program that embeds halter says which folders it trusts', async () => {
  const plugin = trustFolders([project])
  const { trust } = (await plugin.setup({} as never)) as { readonly trust: FolderTrust }
  symlinkSync(base, join(project, 'out'))
  expect(await trust.isTrusted(project)).toBe(true)
  expect(await trust.isTrusted(join(project, 'deep'))).toBe(true)
  expect(await trust.isTrusted(`${project}-other`)).toBe(false)
  expect(await trust.isTrusted(join(project, 'out'))).toBe(false)
})

test('a long text costs no more than its length', async () => {
  writeFileSync(
    join(project, 'halter.config.mjs'),
    `// ${'a/'.repeat(50_000)} ${'m'.repeat(9e5)}\nexport default {}`,
  )
  const began = performance.now()
  await load({ trust: person('always') })
  expect(performance.now() - began).toBeLessThan(2_000)
})
