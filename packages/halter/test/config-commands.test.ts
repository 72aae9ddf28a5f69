import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { place, says } from './halter.ts'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))

describe('halter config print', () => {
  test('is the configuration as it counts, in the form of a file, without secrets', async () => {
    const at = place({
      'halter.config.json': {
        model: 'demo',
        limits: { steps: 7 },
        plugins: [['./mine.mjs', { url: 'redis://me:hunter2@host', apiKey: 'hunter2' }]],
      },
      'mine.mjs': `import { definePlugin } from ${JSON.stringify(import.meta.resolve('@halter/core'))}
        export default definePlugin({ name: 'acme-mine', apiVersion: 1, setup: () => ({}) })`,
    })
    const { code, stdout } = await at.halter(['config', 'print', '--trust'])
    expect(code).toBe(0)
    expect(stdout).not.toContain('hunter2')
    expect(JSON.parse(stdout)).toEqual({
      presets: ['@halter/preset-default'],
      plugins: [['acme-mine', { url: 'redis://me:•••@host', apiKey: '•••' }]],
      model: 'demo',
      limits: { steps: 7 },
    })
  })

  test('--provenance says who said each key', async () => {
    const at = place({ 'halter.config.yaml': 'effort: low\nlimits: { steps: 7, usd: 2 }\n' })
    mkdirSync(at.home)
    at.write('../home/config.json', { limits: { depth: 1, usd: 1 } })
    const args = ['config', 'print', '--provenance', '--trust', '--set', 'limits.steps=9']
    const { stdout } = await at.halter(args, { env: { HALTER_MODEL: 'm' } })
    const line = (key: string): string => stdout.split('\n').find((each) => each.startsWith(key)) ?? ''
    expect(line('model')).toMatch(/ m +environment {2}HALTER_MODEL$/)
    expect(line('effort')).toContain(`low                     project  ${at.cwd}/halter.config.yaml`)
    expect(line('limits.steps')).toMatch(/ 9 +programmatic {2}--set limits.steps$/)
    expect(line('limits.depth')).toMatch(/ 1 +user {2}.*config\.json$/)
    expect(line('limits.usd')).toMatch(/ 2 +project/)
    const json = JSON.parse((await at.halter([...args, '--json'])).stdout) as {
      origins: Record<string, unknown>
      layers: { name: string }[]
    }
    expect(json.origins['limits.steps']).toEqual({ layer: 'programmatic', source: '--set limits.steps' })
    expect(json.layers.map(({ name }) => name)).toEqual(['default', 'user', 'project', 'programmatic'])
  })
})

describe('halter config validate', () => {
  test('accepts what a run would accept', async () => {
    const at = place({ '.halterrc': 'limits: { steps: 3 }\n' })
    const { code, stdout } = await at.halter(['config', 'validate', '--trust'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: `valid: ${at.cwd}/.halterrc\n` })
  })

  test('checks one file alone, whatever else is there, and asks nobody about it', async () => {
    const at = place({ 'halter.config.json': '{ "broken', 'other.yaml': 'model: demo' })
    const { code, stdout } = await at.halter(['config', 'validate', 'other.yaml'], {
      env: { HALTER_MAX_STEPS: 'many' },
    })
    expect({ code, stdout }).toEqual({ code: 0, stdout: `valid: ${at.cwd}/other.yaml\n` })
  })

  test.each([
    [
      { plugins: [['@halter/plugin-tools', { rots: 1 }]] },
      ['rots', 'there is no such option', '"plugins[0]"'],
    ],
    [
      { plugins: ['@halter/plugin-memory-store', '@halter/plugin-sqlite-store'] },
      ['both provide "sessionStore"', 'Remove one', '"plugins[0]"', '"plugins[1]"'],
    ],
    [{ presets: [] }, ['No plugin provides "sessionStore"', 'default preset']],
    [{ presets: ['@acme/nope'] }, ['"presets[0]" is not installed', 'npm install @acme/nope']],
    [{ plugins: ['acme-nope', './nope.ts'], modle: 1 }, ['acme-nope', 'nope.ts', '"modle"', '3 problems']],
  ])(
    '%j is refused: exit code 2, everything that is wrong with file, key and cure',
    async (config, parts) => {
      const at = place({ 'halter.config.json': config })
      const { code, stdout, stderr } = await at.halter(['config', 'validate', '--trust'])
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      for (const part of [
        ...parts,
        ...('presets' in config && config.presets.length === 0 ? [] : ['halter.config.json']),
      ])
        expect(stderr).toContain(part)
      const { valid, problems } = JSON.parse(
        (await at.halter(['config', 'validate', '--trust', '--json'])).stdout,
      ) as { valid: boolean; problems: unknown[] }
      expect(valid).toBe(false)
      expect(problems.length).toBeGreaterThan(0)
    },
  )
})

describe('halter config schema', () => {
  test('is what the package publishes', async () => {
    const { stdout } = await place().halter(['config', 'schema'])
    const published: unknown = JSON.parse(readFileSync(join(packageFolder, 'config.schema.json'), 'utf8'))
    expect(JSON.parse(stdout)).toEqual(published)
    expect(published).toMatchObject({ $schema: expect.stringContaining('2020-12') as unknown })
  })
})

describe('halter config init', () => {
  test.each([
    [[], 'halter.config.json'],
    [['--json'], 'halter.config.json'],
    [['--yaml'], 'halter.config.yaml'],
    [['--ts'], 'halter.config.ts'],
  ])('%j writes a file that is valid and counts at once', async (flags, name) => {
    const at = place({ 'script.json': says('ok') })
    expect((await at.halter(['config', 'init', ...flags])).code).toBe(0)
    expect(existsSync(join(at.cwd, name))).toBe(true)
    expect((await at.halter(['config', 'validate'])).stdout).toBe(`valid: ${join(at.cwd, name)}\n`)
    const { stdout } = await at.halter(['config', 'print'])
    expect(JSON.parse(stdout)).toMatchObject({ limits: { steps: 50 } })
    expect((await at.halter(['run', '--model', 'scripted/script.json', 'hi'])).stdout).toBe('ok\n')
  })

  test.each([['halter.config.mjs'], ['.halterrc'], ['package.json']])(
    'overwrites nothing: %s stays',
    async (name) => {
      const at = place({ [name]: { halter: {} } })
      const { code, stderr } = await at.halter(['config', 'init'])
      expect(code).toBe(2)
      expect(stderr).toContain(`${join(at.cwd, name)} is there already`)
      expect(existsSync(join(at.cwd, 'halter.config.json'))).toBe(false)
    },
  )

  test('in a project that does not say what its modules are, nobody hears of that', async () => {
    const at = place({ 'package.json': { name: 'x' }, 'script.json': says('ok') })
    await at.halter(['config', 'init', '--ts'])
    const { stdout, stderr } = await at.halter(['config', 'validate'])
    expect({ stdout, stderr }).toEqual({ stdout: `valid: ${join(at.cwd, 'halter.config.ts')}\n`, stderr: '' })
  })

  test('--user writes the user’s configuration, and two formats are one too many', async () => {
    const at = place()
    await at.halter(['config', 'init', '--user', '--yaml'])
    expect(readFileSync(join(at.home, 'config.yaml'), 'utf8')).toContain('steps: 50')
    expect((await at.halter(['config', 'init', '--ts', '--json'])).code).toBe(2)
  })

  test('points editors at the schema of a halter that is installed there', async () => {
    const at = place()
    mkdirSync(join(at.cwd, 'node_modules'))
    symlinkSync(packageFolder, join(at.cwd, 'node_modules/halter'))
    await at.halter(['config', 'init'])
    expect(JSON.parse(readFileSync(join(at.cwd, 'halter.config.json'), 'utf8'))).toMatchObject({
      $schema: './node_modules/halter/config.schema.json',
    })
    expect((await at.halter(['config', 'validate'])).code).toBe(0)
  })
})
