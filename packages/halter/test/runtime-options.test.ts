import { expect, test } from 'vitest'
import { place, says } from './halter.ts'

/** A plugin that says that it was set up, with what options. */
const loud = (name: string): string => `
  import { definePlugin } from '@halter/core'
  export default definePlugin({
    name: '${name}',
    apiVersion: 1,
    config: { type: 'object', properties: { n: { type: 'integer' } }, additionalProperties: false },
    setup({ config }) {
      process.stderr.write('${name} ' + JSON.stringify(config) + '\\n')
      return {}
    },
  })`
// Written as a data file of the place, so the plugin finds core from here.
const core = JSON.stringify(import.meta.resolve('@halter/core'))
const own = (source: string): string => source.replace(`'@halter/core'`, core)

const run = ['run', '--ephemeral', '--model', 'scripted/script.json']

test('--plugin adds plugins by file, with or without ./, and may be repeated', async () => {
  const at = place({
    'script.json': says('ok'),
    'a.mjs': own(loud('acme-a')),
    'deep/b.mjs': own(loud('acme-b')),
  })
  const { code, stderr } = await at.halter([...run, '--plugin', 'a.mjs', '--plugin', './deep/b.mjs', 'hi'])
  expect(stderr).toContain('acme-a {}')
  expect(stderr).toContain('acme-b {}')
  expect(code).toBe(0)
})

test('--plugin adds an installed package by name', async () => {
  const at = place({
    'script.json': says('ok'),
    'node_modules/acme-esm/package.json': { type: 'module', exports: { '.': { import: './it.js' } } },
    'node_modules/acme-esm/it.js': own(loud('acme-esm')),
  })
  expect((await at.halter([...run, '--plugin', 'acme-esm', 'hi'])).stderr).toContain('acme-esm {}')
})

test('--plugin with the name of halter’s own plugin is that, whatever a folder has put under the name', async () => {
  const at = place({
    'script.json': says('ok'),
    'node_modules/@halter/plugin-memory-store/package.json': { type: 'module', exports: './it.js' },
    'node_modules/@halter/plugin-memory-store/it.js': own(loud('acme-evil')),
  })
  const { code, stderr } = await at.halter([...run, '--plugin', '@halter/plugin-memory-store', 'hi'])
  expect(code).toBe(0)
  expect(stderr).not.toContain('acme-evil')
})

test('a plugin of the preset takes options by its name, though its package is the preset’s alone', async () => {
  const at = place({
    'script.json': {
      replies: [{ toolCalls: [{ name: 'read', input: { path: 'x' } }] }, { text: 'done' }],
    },
    'halter.config.json': { plugins: [['@halter/plugin-tools', { tools: ['glob'] }]] },
  })
  const { code, stdout, stderr } = await at.halter([...run, '--trust', 'hi'])
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'done\n' })
  expect(stderr).toContain('read')
  expect(stderr).toMatch(/no tool|unknown|There is no/i)
})

test('--set sets a key in JSON or in plain text, over files and environment', async () => {
  const at = place({
    'script.json': {
      replies: [{ toolCalls: [{ name: 'glob', input: { pattern: '*' } }] }, { text: 'never' }],
    },
    'halter.config.json': { limits: { steps: 9 }, model: 'nobody/has-it' },
  })
  const { code, stderr } = await at.halter(
    ['run', '--ephemeral', '--trust', '--set', 'model=scripted/script.json', '--set', 'limits.steps=1', 'hi'],
    { env: { HALTER_MAX_STEPS: '8' } },
  )
  expect(stderr).toContain('1 model call')
  expect(code).toBe(1)
})

test.each([
  [
    ['--set', 'limits.steps=ten'],
    ['--set limits.steps: "limits.steps"', 'a whole number', '"ten"'],
  ],
  [
    ['--set', 'modle=x'],
    ['--set modle: "modle"', 'Did you mean "model"?'],
  ],
  [
    ['--set', 'limits.steps.x=1'],
    ['--set limits.steps.x: "limits.steps"', '{"x":1}'],
  ],
  [['--set', '__proto__.x=1'], ['"__proto__" is a name that no key may have']],
  [
    ['--set', 'limits'],
    ['--set limits says nothing', '--set key=value'],
  ],
  [['--set', '=x'], ['--set =x says nothing']],
  [
    ['--plugin', './nope.ts'],
    ['--plugin: "plugins[0]"', 'nope.ts, and nothing is there'],
  ],
  [
    ['--plugin', 'acme-nope'],
    ['--plugin: "plugins[0]" is not installed', 'npm install acme-nope'],
  ],
])('%j is refused with its key, value and cure', async (options, parts) => {
  const { code, stdout, stderr } = await place().halter(['run', '--ephemeral', ...options, 'hi'])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  for (const part of parts) expect(stderr).toContain(part)
})

test('what keeps a plugin from starting is told with the file and entry that names it', async () => {
  const at = place({
    'halter.config.json': { plugins: [['@halter/plugin-tools', { rots: ['.'] }]] },
  })
  const { code, stderr } = await at.halter(['sessions', 'list', '--trust'])
  expect(code).toBe(2)
  expect(stderr).toContain('rots')
  expect(stderr).toContain(
    `@halter/plugin-tools is in ${at.cwd}/halter.config.json: "plugins[0]", with {"rots":["."]}`,
  )
})

test('help is also a word: of everything, of a group, of a command', async () => {
  const at = place()
  const same = async (a: readonly string[], b: readonly string[]): Promise<void> => {
    const [word, option] = [await at.halter(a), await at.halter(b)]
    expect(word).toEqual(option)
    expect(word.code).toBe(0)
  }
  await same(['help'], ['--help'])
  await same(['help', 'config'], ['config', '--help'])
  await same(['help', 'run'], ['run', '--help'])
})

test('--debug tells what the start took, and shows an error with its stack and causes', async () => {
  const at = place({
    'script.json': says('ok'),
    'bad.mjs': 'throw new Error("cannot start", { cause: new Error("deep down") })',
  })
  const good = await at.halter([...run, '--debug', 'hi'])
  expect(good.stdout).toBe('ok\n')
  expect(good.stderr).toMatch(/debug: +[\d.]+ ms to start \d+ plugins/)
  expect(good.stderr).toMatch(/[\d.]+ ms {2}@halter\/plugin-tools/)
  expect(good.stderr).toMatch(/debug: exit code 0 after/)
  const bad = await at.halter([...run, '--debug', '--plugin', 'bad.mjs', 'hi'])
  expect(bad.stderr).toContain('because: Error: cannot start')
  expect(bad.stderr).toContain('deep down')
  expect(bad.stderr).toMatch(/ {4}at .*bad\.mjs/)
  expect((await at.halter([...run, '--plugin', 'bad.mjs', 'hi'])).stderr).not.toContain('    at ')
})
