import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Preset } from '../../src/contracts/runtime.ts'
import { findProjectConfig } from '../../src/config/find-config.ts'
import { pluginOf } from '../../src/config/load-plugins.ts'
import { readProject } from '../../src/config/project-content.ts'
import { loadConfig, type LoadConfigOptions } from '../../src/config/load-config.ts'
import { definePlugin } from '../../src/define-plugin.ts'
import { isHalterError, type HalterError } from '../../src/errors.ts'

const folders: string[] = []
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })))

const core = new URL('../../src/index.ts', import.meta.url).href

/** A repository with these files, and a home beside it. */
function place(files: Readonly<Record<string, string>> = {}): {
  root: string
  home: string
  write: typeof write
} {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'halter-config-')))
  folders.push(base)
  const root = join(base, 'project')
  const home = join(base, 'home')
  mkdirSync(join(root, '.git'), { recursive: true })
  mkdirSync(home)
  function write(name: string, text: string): string {
    const file = join(base, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    return file
  }
  for (const [name, text] of Object.entries(files)) write(name, text)
  return { root, home, write }
}

function load(
  at: { root: string; home: string },
  options: LoadConfigOptions & { env?: NodeJS.ProcessEnv } = {},
) {
  return loadConfig({
    cwd: at.root,
    trust: { isTrusted: true },
    ...options,
    env: { HALTER_HOME: at.home, ...options.env },
  })
}

/** In a process of its own: a test runner loads modules by other rules than Node. */
function loadInNode(
  at: { root: string; home: string },
  importMs = 10_000,
): { model?: string; error?: string } {
  const program = `
    import { loadConfig } from ${JSON.stringify(new URL('../../src/config/load-config.ts', import.meta.url).href)}
    const options = { env: { HALTER_HOME: ${JSON.stringify(at.home)}, HALTER_TRUST: '1' }, importMs: ${importMs} }
    const answer = await loadConfig(options).then(
      ({ runtime }) => ({ model: runtime.defaultModel }),
      (error) => ({ error: error.message }),
    )
    console.log(JSON.stringify(answer))
    process.exit()`
  const argv = ['--input-type=module', '--eval', program]
  return JSON.parse(execFileSync(process.execPath, argv, { cwd: at.root, encoding: 'utf8' })) as {
    model?: string
  }
}

async function refusal(work: Promise<unknown>): Promise<HalterError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!isHalterError(error)) throw new Error('it was not refused', { cause: error })
  return error
}

const plugin = (name: string): string =>
  `import { definePlugin } from '${core}'\nexport default definePlugin({ name: '${name}', apiVersion: 1, setup: () => ({}) })\n`

describe('formats', () => {
  test.each([
    ['halter.config.ts', 'const model: string = "m"\nexport default { model }'],
    ['halter.config.mts', 'export default { model: "m" as const }'],
    ['halter.config.js', 'export default { model: "m" }'],
    ['halter.config.mjs', 'export default { model: "m" }'],
    ['halter.config.json', '{ "model": "m" }'],
    ['halter.config.yaml', 'model: m'],
    ['halter.config.yml', 'model: m'],
    ['.halterrc', 'model: m'],
    ['.halterrc.json', '\uFEFF{ "model": "m" }'],
    ['.halterrc.yaml', 'model: m'],
    ['.halterrc.yml', 'model: m'],
    ['package.json', '{ "name": "x", "type": "module", "halter": { "model": "m" } }'],
  ])('%s is read', (name, text) => {
    expect(loadInNode(place({ [`project/${name}`]: text }))).toEqual({ model: 'm' })
  })

  test('a package.json without the key "halter" is not a configuration', () => {
    const at = place({ 'project/package.json': '{ "name": "x", "scripts": { "halter": "halter" } }' })
    expect(findProjectConfig(at.root)).toBeUndefined()
  })

  test('a second file in the same folder is named and not read', async () => {
    const at = place({ 'project/halter.config.json': '{ "model": "a" }', 'project/.halterrc': 'model: b' })
    const { runtime, warnings } = await load(at)
    expect(runtime.defaultModel).toBe('a')
    expect(warnings.join()).toContain('.halterrc')
  })
})

describe('search', () => {
  test('goes up to the root of the repository and no further', () => {
    const at = place({ 'halter.config.json': '{}', 'project/deep/er/x': '' })
    expect(findProjectConfig(join(at.root, 'deep/er'))).toBeUndefined()
    at.write('project/halter.config.json', '{}')
    expect(findProjectConfig(join(at.root, 'deep/er'))?.file).toBe(join(at.root, 'halter.config.json'))
  })

  test('stays in the folder when there is no repository', () => {
    const at = place({ 'halter.config.json': '{}', 'plain/deep/x': '' })
    expect(findProjectConfig(join(at.home, '../plain/deep'))).toBeUndefined()
  })

  test('loads no cosmiconfig when there is nothing to read', () => {
    const at = place()
    const probe = `
      import { registerHooks } from 'node:module'
      const loaded = []
      registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context) } })
      const { loadConfig } = await import(${JSON.stringify(new URL('../../src/config/load-config.ts', import.meta.url).href)})
      await loadConfig({ cwd: ${JSON.stringify(at.root)}, env: { HALTER_HOME: ${JSON.stringify(at.home)} } })
      console.log(loaded.filter((url) => url.includes('cosmiconfig') || url.includes('/zod')).length)`
    expect(
      execFileSync(process.execPath, ['--input-type=module', '-e', probe], { encoding: 'utf8' }).trim(),
    ).toBe('0')
  })
})

describe('layers', () => {
  test('default < user < project < explicit < environment < program, each key with its origin', async () => {
    const at = place({
      'home/config.json': '{ "model": "user", "effort": "low", "limits": { "steps": 2, "depth": 1 } }',
      'project/halter.config.json': '{ "model": "project", "temperature": 1, "limits": { "steps": 3 } }',
      'other.json': '{ "model": "explicit", "systemPrompt": "explicit" }',
    })
    const { runtime, session, origins } = await load(at, {
      defaults: { model: 'default', maxModelTries: 9 },
      explicit: '../other.json',
      env: { HALTER_MODEL: 'environment', HALTER_MAX_TOKENS: '500' },
      overrides: { model: 'program' },
    })
    expect(runtime).toMatchObject({
      defaultModel: 'program',
      maxModelTries: 9,
      limits: { steps: 3, depth: 1, tokens: 500 },
    })
    expect(session).toEqual({ effort: 'low', temperature: 1, systemPrompt: 'explicit' })
    expect(origins.get('model')).toEqual({ layer: 'programmatic', source: 'the program' })
    expect(origins.get('limits.steps')).toEqual({
      layer: 'project',
      source: join(at.root, 'halter.config.json'),
    })
    expect(origins.get('limits.tokens')).toEqual({ layer: 'environment', source: 'HALTER_MAX_TOKENS' })
    expect(origins.get('effort')?.layer).toBe('user')
  })

  test('the environment names the file that --config would', async () => {
    const at = place({ 'other.json': '{ "model": "explicit" }' })
    expect((await load(at, { env: { HALTER_CONFIG: '../other.json' } })).runtime.defaultModel).toBe(
      'explicit',
    )
  })

  test('an unknown HALTER_ variable is a warning with the nearest name, an empty one is absent', async () => {
    const { warnings, runtime } = await load(place(), { env: { HALTER_MODLE: 'x', HALTER_MODEL: '' } })
    expect(warnings).toEqual([
      'The variable HALTER_MODLE means nothing to halter. Did you mean HALTER_MODEL?',
    ])
    expect(runtime.defaultModel).toBeUndefined()
  })
})

describe('plugins', () => {
  test('merge by name over the layers, the later entry with its options', async () => {
    const at = place({
      'home/config.json': '{ "plugins": [["./a.ts", { "x": 1 }], "./b.ts"] }',
      'home/a.ts': plugin('acme-a'),
      'home/b.ts': plugin('acme-b'),
      'project/halter.config.json': '{ "plugins": [["./plugins/mine.ts", { "x": 2 }]] }',
      'project/plugins/mine.ts': plugin('acme-a'),
    })
    const { runtime, origins } = await load(at)
    expect(runtime.plugins).toEqual([
      [expect.objectContaining({ name: 'acme-a' }), { x: 2 }],
      expect.objectContaining({ name: 'acme-b' }),
    ])
    expect(origins.get('plugins.acme-a')?.layer).toBe('project')
    expect(origins.get('plugins.acme-b')?.layer).toBe('user')
  })

  test('an ESM-only package is found from the configuration’s folder, another from the application’s tree', async () => {
    const at = place({
      'project/halter.config.yaml': 'plugins: [acme-esm, acme-own]',
      'project/node_modules/acme-esm/package.json':
        '{ "type": "module", "exports": { ".": { "import": "./it.js" } } }',
      'project/node_modules/acme-esm/it.js': plugin('acme-esm'),
      'app/node_modules/acme-own/package.json': '{ "type": "module", "exports": "./it.js" }',
      'app/node_modules/acme-own/it.js': plugin('acme-own'),
    })
    const { runtime } = await load(at, { ownUrls: [new URL(`file://${at.home}/../app/cli.js`).href] })
    expect(runtime.plugins).toMatchObject([{ name: 'acme-esm' }, { name: 'acme-own' }])
  })

  test('values of a TypeScript configuration are taken as they are', async () => {
    const at = place({
      'project/halter.config.ts': `${plugin('x').replace('export default', 'const mine =')}
        export default { plugins: [[mine, { topK: 4 }]], presets: [{ name: 'p', plugins: [mine] }] }`,
    })
    const { runtime } = await load(at)
    expect(runtime.plugins).toEqual([[expect.objectContaining({ name: 'x' }), { topK: 4 }]])
    expect(runtime.presets?.slice(0, -1)).toEqual([{ name: 'p', plugins: [] }])
  })

  test('the presets of the last layer that names any count', async () => {
    // The last one of all only says which folders are trusted.
    const presets = async (where: typeof at, preset: Preset): Promise<readonly Preset[]> =>
      (await load(where, { defaults: { presets: [preset] } })).runtime.presets!.slice(0, -1)
    const preset = {
      name: 'default',
      plugins: [definePlugin({ name: 'acme-x', apiVersion: 1, setup: () => ({}) })],
    }
    const at = place()
    expect(await presets(at, preset)).toEqual([preset])
    at.write('project/halter.config.json', '{ "presets": [] }')
    expect(await presets(at, preset)).toEqual([])
  })
})

describe('what is wrong is said', () => {
  test.each([
    ['an unknown key', '{ "modle": "x" }', ['"modle"', 'Did you mean "model"?']],
    ['a key far from any', '{ "zzzzzzzz": 1 }', ['"zzzzzzzz"', 'The keys here are', 'limits']],
    [
      'a wrong type',
      '{ "limits": { "steps": "ten" } }',
      ['"limits.steps"', 'a whole number of at least 1', '"ten"'],
    ],
    ['a wrong choice', '{ "effort": "hihg" }', ['"effort"', 'Did you mean "high"?', '"hihg"']],
    ['a number out of range', '{ "temperature": 3 }', ['"temperature"', 'of at most 2', '3']],
    [
      'a malformed plugin entry',
      '{ "plugins": [["a"], 3] }',
      ['"plugins[0]"', '"plugins[1]"', '[name, options]'],
    ],
    ['a list for an object', '[1]', ['must be an object', '[1]']],
    ['a prototype key', '{ "__proto__": { "model": "x" } }', ['__proto__', 'Remove it']],
    [
      'a prototype key inside options',
      '{ "plugins": [["./p.ts", { "a": { "constructor": 1 } }]] }',
      ['plugins[0][1].a.constructor'],
    ],
    ['a syntax error', '{\n "model": }', ['line 2 column 11']],
    ['an empty file', ' \n', ['is empty', 'Write {}']],
    ['a file of 10 MB', `{ "model": "${'m'.repeat(1e7)}" }`, ['is too large']],
    ['an import cosmiconfig would follow', '{ "$import": "/etc/passwd" }', ['"$import"', 'is no key']],
  ])('%s', async (_, text, parts) => {
    const at = place({ 'project/halter.config.json': text })
    const error = await refusal(load(at))
    expect(error.code).toBe('ERR_CONFIG')
    expect(error.message).toContain(join(at.root, 'halter.config.json'))
    for (const part of parts) expect(error.message).toContain(part)
  })

  test.each([
    ['YAML with a wrong indent', '.halterrc', 'a: 1\n  b: 2\n', /2/],
    ['YAML that refers to itself', '.halterrc', 'plugins: &p\n  - [./x.ts, *p]\n', /plugins/],
    ['TypeScript with a syntax error', 'halter.config.ts', 'const a = 1\nexport default {{', /line 2|:2/],
    ['TypeScript that throws', 'halter.config.ts', 'throw new Error("no key set")', /no key set/],
    [
      'TypeScript without a default export',
      'halter.config.ts',
      'export const a = 1',
      /has no default export/,
    ],
    [
      'TypeScript that never ends',
      'halter.config.ts',
      'await new Promise(() => setInterval(() => {}, 50).unref())',
      /in 300 ms/,
    ],
  ])('%s', (_, name, text, message) => {
    const at = place({ [`project/${name}`]: text })
    const { error } = loadInNode(at, 300)
    expect(error).toContain(join(at.root, name))
    expect(error).toMatch(message)
  })

  test('a variable of the environment, by its name', async () => {
    const error = await refusal(load(place(), { env: { HALTER_MAX_STEPS: 'many', HALTER_EFFORT: 'x' } }))
    expect(error.message).toContain('HALTER_MAX_STEPS: "limits.steps" must be a whole number of at least 1')
    expect(error.message).toContain('HALTER_EFFORT: "effort"')
  })

  test('all problems of all layers at once', async () => {
    const at = place({ 'home/config.json': '{ "a": 1, "b": 2 }', 'project/halter.config.json': '{ "c": 3 }' })
    const error = await refusal(load(at))
    expect(error.message).toContain('3 problems')
    expect(error.data?.['problems']).toHaveLength(3)
  })

  test('a missing plugin beside a wrong key', async () => {
    const at = place({ 'project/halter.config.json': '{ "modle": "x", "plugins": ["acme-missing"] }' })
    const error = await refusal(load(at))
    expect(error.code).toBe('ERR_CONFIG')
    expect(error.message).toContain('"modle"')
    expect(error.message).toContain('acme-missing')
  })

  test('every plugin that is missing, broken, late or none', async () => {
    const at = place({
      'project/halter.config.json':
        '{ "plugins": ["acme-missing", "./gone.ts", "./throws.ts", "./hangs.ts", "./none.ts", "./same.ts", "./same2.ts", "./folder/"] }',
      'project/throws.ts': 'throw new Error("cannot start")',
      'project/hangs.ts': 'await new Promise(() => setInterval(() => {}, 50).unref())\nexport default 1',
      'project/none.ts': 'export default { setup() {} }',
      'project/same.ts': plugin('acme-same'),
      'project/same2.ts': plugin('acme-same'),
      'project/folder/index.ts': '',
    })
    const error = await refusal(load(at, { importMs: 500 }))
    expect(error.code).toBe('ERR_PLUGIN_LOAD')
    for (const part of [
      '"plugins[0]" is not installed in',
      'npm install acme-missing',
      'gone.ts, and nothing is there',
      'cannot be loaded: cannot start',
      './hangs.ts did not finish loading in 500 ms',
      '"plugins[4]" has no plugin as its default export',
      '"plugins[6]" is acme-same once more, as plugins[5] is',
      '"plugins[7]" is a folder without a package in it',
    ])
      expect(error.message).toContain(part)
  })
})

test('a folder that is a package is a plugin by its path, and its files are what is trusted', async () => {
  const at = place({
    'project/halter.config.json': '{ "plugins": ["./mine"] }',
    'project/mine/package.json': '{ "name": "acme-mine", "type": "module", "exports": "./entry.ts" }',
    'project/mine/entry.ts': plugin('acme-mine'),
  })
  const { runtime } = await load(at)
  expect(runtime.plugins?.map((entry) => pluginOf(entry).name)).toEqual(['acme-mine'])
  const reached = (await readProject(at.root)).content.find(({ kind }) => kind === 'configuration')
  expect(reached?.files).toBe(3)
})

test('a configuration that changed is read anew in the same process', async () => {
  const at = place({ 'project/halter.config.mjs': 'export default { model: "one" }' })
  expect((await load(at)).runtime.defaultModel).toBe('one')
  await new Promise((resolve) => setTimeout(resolve, 20))
  at.write('project/halter.config.mjs', 'export default { model: "two" }')
  expect((await load(at)).runtime.defaultModel).toBe('two')
})
