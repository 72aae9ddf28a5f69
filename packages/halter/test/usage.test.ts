import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { place, says } from './halter.ts'

test.each([
  [['run', '--modle', 'x', 'hi'], 'Did you mean --model?'],
  [['rnu'], 'Did you mean run?'],
  [[], 'Say what to do'],
  [['run'], 'The prompt is empty'],
  [['run', '--continue', '--session', 'x', 'hi'], 'name two sessions'],
  [['run', '--ephemeral', '--continue', 'hi'], 'keeps nothing'],
  [['run', '--continue', '--system-prompt', 'x', 'hi'], 'belongs to a new session'],
  [['run', '--cwd', 'nowhere', 'hi'], 'there is no such folder'],
  [['run', '--config', 'nowhere.json', 'hi'], 'nowhere.json cannot be read'],
  [['run', '--model', 'opus-9', 'hi'], 'opus-9'],
  [['sessions', 'verify'], '--all'],
  [['sessions', 'show', 'ffff'], 'No session has the id ffff'],
])('%j is refused with exit code 2, on stderr, with a cure', async (args, message) => {
  const { code, stdout, stderr } = await place().halter(args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(message)
  expect(stderr).not.toContain('    at ')
})

test('what is wrong with a command line is found before anything is opened', async () => {
  const at = place()
  await at.halter(['run', '--modle', 'x', 'hi'])
  expect(existsSync(at.home)).toBe(false)
})

test.each([['--help'], ['run', '--help'], ['sessions', '--help'], ['--version']])(
  '%s %s is data',
  async (...args) => {
    const { code, stdout, stderr } = await place().halter(args.filter((arg) => arg !== undefined))
    expect(code).toBe(0)
    expect(stdout).not.toBe('')
    expect(stderr).toBe('')
  },
)

test('an untrusted project is refused by the name of its file, and nothing of it runs', async () => {
  const at = place({
    'halter.config.mjs':
      'import { writeFileSync } from "node:fs"\nwriteFileSync("canary", "x")\nexport default {}',
    'script.json': says('ok'),
  })
  const { code, stdout, stderr } = await at.halter(['run', '--model', 'scripted/script.json', 'hi'])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(join(at.cwd, 'halter.config.mjs'))
  expect(stderr).toContain('--trust')
  expect(existsSync(join(at.cwd, 'canary'))).toBe(false)
})

test.each([
  [['--trust'], {}],
  [[], { HALTER_TRUST: '1' }],
])('a project that is trusted by %j %j is applied', async (flags, env) => {
  const at = place({
    '.halterrc.yaml': 'model: scripted/script.json\nappendSystemPrompt: from the project',
    'script.json': says('configured'),
  })
  const { code, stdout } = await at.halter(['run', ...flags, 'hi'], { env })
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'configured\n' })
})

test('a plugin of the project takes part, its taps and tools included', async () => {
  const at = place({
    'halter.config.json': { plugins: ['./shout.mjs'] },
    'shout.mjs': `
      import { definePlugin } from ${JSON.stringify(new URL('../../core/src/index.ts', import.meta.url).href)}
      export default definePlugin({
        name: 'acme-shout',
        apiVersion: 1,
        setup({ hooks }) {
          hooks.tap('response.transform', (message) => ({
            ...message,
            parts: message.parts.map((part) => (part.kind === 'text' ? { ...part, text: part.text.toUpperCase() } : part)),
          }))
          return {}
        },
      })`,
    'script.json': says('quiet'),
  })
  const { stdout } = await at.halter([
    'run',
    '--trust',
    '--model',
    'scripted/script.json',
    '--output-format',
    'json',
    'hi',
  ])
  expect(JSON.parse(stdout)).toMatchObject({ text: 'QUIET' })
})

test('every problem of a configuration is named at once, with exit code 2', async () => {
  const at = place({
    'halter.config.json': { modle: 'x', limits: { steps: 'ten' }, plugins: ['acme-missing'] },
  })
  const { code, stderr } = await at.halter(['sessions', 'list', '--trust'])
  expect(code).toBe(2)
  for (const part of ['"modle"', 'Did you mean "model"?', '"limits.steps"', '"ten"', 'acme-missing'])
    expect(stderr).toContain(part)
})
