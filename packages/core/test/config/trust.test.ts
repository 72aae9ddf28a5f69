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
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadConfig, type LoadConfigOptions } from '../../src/config/load-config.ts'
import type { TrustAnswer, TrustQuestion } from '../../src/config/trust.ts'

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

test('"always" is remembered for this folder and content, readable by the user alone, and asked again after a change', async () => {
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
