import { chmodSync, closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { place, says, type Place } from './halter.ts'

const core = JSON.stringify(import.meta.resolve('@halter/core'))

/** A plugin in a file, with more of its manifest and what its setup returns. */
function plugin(name: string, manifest: string, result = '{}'): string {
  return `import { definePlugin } from ${core}
    export default definePlugin({ name: '${name}', apiVersion: 1, ${manifest} setup: async ({ hooks }) => (${result}) })`
}

interface Report {
  ok: boolean
  versions: Record<string, string>
  startMs: number
  runtime: {
    generation: number
    plugins: { name: string; setupMs: number; lostSlots: string[] }[]
    slots: Record<string, { plugin: string; decorators: string[] }>
    taps: Record<string, { plugin: string }[]>
    notStarted: { plugin: string }[]
  }
  findings: { about: string; status: string; message: string; cure?: string }[]
}

async function report(at: Place, args: readonly string[] = [], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await at.halter(['doctor', '--json', ...args], { env })
  return { code, stderr, report: JSON.parse(stdout) as Report }
}

describe('halter doctor', () => {
  test('tells generation, order, slots, who won and lost, taps in order, start-up times and versions', async () => {
    const at = place({
      'store.mjs': `import { definePlugin } from ${core}
        export default definePlugin({ name: 'acme-prompt', apiVersion: 1, provides: ['promptAssembler'],
          setup: () => ({ promptAssembler: { assemble() {} } }) })`,
      'wrap.mjs': plugin('acme-wrap', "decorates: ['sessionStore'],", '{ sessionStore: (inner) => inner }'),
      'tap.mjs': plugin(
        'acme-tap',
        '',
        "(hooks.tap('toolCall.guard', () => undefined, { order: 'pre' }), {})",
      ),
    })
    const args = ['--plugin', 'store.mjs', '--plugin', 'wrap.mjs', '--plugin', 'tap.mjs']
    const { code, report: found } = await report(at, args)
    expect(code).toBe(0)
    expect(found.versions).toMatchObject({ node: process.version, sqlite: process.versions.sqlite })
    const { runtime } = found
    expect(runtime.generation).toBe(1)
    expect(runtime.slots['promptAssembler']!.plugin).toBe('acme-prompt')
    expect(runtime.slots['sessionStore']!.decorators).toEqual(['acme-wrap'])
    const lost = [
      ...runtime.plugins.filter(({ lostSlots }) => lostSlots.includes('promptAssembler')),
      ...runtime.notStarted,
    ]
    expect(JSON.stringify(lost)).toContain('@halter/plugin-prompt-default')
    expect(runtime.taps['toolCall.guard']![0]!.plugin).toBe('acme-tap')
    expect(runtime.plugins.every(({ setupMs }) => setupMs >= 0 && setupMs < 5_000)).toBe(true)
    const { stdout } = await at.halter(['doctor', ...args])
    expect(stdout).toMatch(/promptAssembler +acme-prompt/)
    expect(stdout).toMatch(/sessionStore +@halter\/plugin-sqlite-store, wrapped by acme-wrap/)
    expect(stdout).toMatch(/toolCall\.guard +may stop +acme-tap \(pre\)/)
    expect(stdout).toMatch(/[\d.]+ ms {2}acme-wrap/)
    expect(stdout).not.toContain('halter/probe')
  })

  test('a configuration that cannot be used is an error with its cure, and the rest is looked at all the same', async () => {
    const at = place({ 'halter.config.json': { modle: 'x' } })
    const { code, report: found } = await report(at, ['--trust'])
    expect(code).toBe(1)
    expect(found.ok).toBe(false)
    expect(found.findings).toContainEqual(
      expect.objectContaining({
        about: 'configuration',
        status: 'error',
        message: expect.stringContaining('Did you mean "model"?') as unknown,
        cure: expect.stringContaining('halter config validate') as unknown,
      }),
    )
    expect(found.runtime.slots['sessionStore']!.plugin).toBe('@halter/plugin-sqlite-store')
  })

  test('plugins that cannot start are an error that names the entry', async () => {
    const at = place({ 'halter.config.json': { plugins: [['@halter/plugin-tools', { rots: 1 }]] } })
    const { code, report: found } = await report(at, ['--trust'])
    expect(code).toBe(1)
    expect(found.runtime).toBeUndefined()
    expect(found.findings.find(({ about }) => about === 'plugins')?.message).toContain('"plugins[0]"')
  })

  test('an untrusted folder is left out, with the cure', async () => {
    const { code, report: found } = await report(place({ '.halterrc': 'model: nobody/has-it\n' }))
    expect(code).toBe(0)
    expect(found.findings).toContainEqual(
      expect.objectContaining({
        status: 'warning',
        cure: expect.stringContaining('halter trust add') as unknown,
      }),
    )
  })

  test('a model without its key is an error that names the variable', async () => {
    const { code, report: found } = await report(place(), ['--set', 'model=anthropic/claude-sonnet-5-5'], {
      ANTHROPIC_API_KEY: '',
    })
    expect(code).toBe(1)
    expect(found.findings.find(({ about }) => about === 'models')?.cure).toContain('ANTHROPIC_API_KEY')
    const fine = await report(place({ 'script.json': says('x') }), ['--set', 'model=scripted/script.json'])
    expect(fine.report.findings).toContainEqual({
      about: 'models',
      status: 'ok',
      message: 'default: scripted/script.json',
    })
  })

  test('looks of plugins are run: what fails, throws or warns is told by its name', async () => {
    const at = place({
      'checks.mjs': plugin(
        'acme-checks',
        "contributes: ['doctorChecks'],",
        `{ doctorChecks: [
          { name: 'the index', check: async () => ({ status: 'error', message: 'it is cold', cure: 'Warm it.' }) },
          { name: 'the queue', check: async () => { throw new Error('no route') } },
          { name: 'the cache', check: async () => ({ status: 'warning', message: 'it is small' }) },
        ] }`,
      ),
    })
    const { code, report: found } = await report(at, ['--plugin', 'checks.mjs'])
    expect(code).toBe(1)
    expect(found.findings).toEqual(
      expect.arrayContaining([
        { about: 'the index', status: 'error', message: 'it is cold', cure: 'Warm it.' },
        expect.objectContaining({ about: 'the queue', status: 'error', message: 'no route' }),
        { about: 'the cache', status: 'warning', message: 'it is small' },
      ]),
    )
    const { stdout, stderr } = await at.halter(['doctor', '--plugin', 'checks.mjs'])
    expect(stdout).toContain('  ✗ the index: it is cold\n    → Warm it.\n')
    expect(stderr).toContain('2 errors')
  })

  test('two plugins that change the same thing, and a slow start, are told of', async () => {
    const tap = "(hooks.tap('request.transform', (request) => request), {})"
    const at = place({
      'a.mjs': plugin('acme-a', '', tap),
      'b.mjs': plugin('acme-b', '', `(await new Promise((done) => setTimeout(done, 300)), ${tap})`),
    })
    const { report: found } = await report(at, ['--plugin', 'a.mjs', '--plugin', 'b.mjs'])
    const text = found.findings.map(({ message }) => message).join('\n')
    expect(text).toMatch(/acme-a, then acme-b change the same thing in request\.transform/)
    expect(text).toMatch(/acme-b took 3\d\d ms to start/)
  })

  test('a damaged store is an error', async () => {
    const at = place({ 'script.json': says('ok') })
    await at.halter(['run', '--model', 'scripted/script.json', 'hi'])
    const file = openSync(join(at.home, 'sessions.db'), 'r+')
    for (let page = 2; page < 12; page++)
      writeSync(file, Buffer.alloc(3_000, 0xee), 0, 3_000, page * 4_096 + 8)
    closeSync(file)
    const { code, report: found } = await report(at)
    expect(code).toBe(1)
    const [damage] = found.findings.filter(({ status }) => status === 'error')
    expect(damage?.message).toContain(join(at.home, 'sessions.db'))
    expect(`${damage?.message} ${damage?.cure}`).toMatch(/move the file away|Copy the file away/)
  })

  test.skipIf(process.getuid?.() === 0)('a folder that cannot be written to is an error', async () => {
    const at = place()
    mkdirSync(at.home)
    chmodSync(at.home, 0o500)
    const { code, report: found } = await report(at)
    expect(code).toBe(1)
    expect(JSON.stringify(found.findings)).toContain('cannot be written to')
  })
})

describe('halter plugins list', () => {
  test('tells origin, version and gifts, and starts nothing', async () => {
    const at = place({
      'node_modules/acme-loud/package.json': {
        name: 'acme-loud',
        version: '1.2.3',
        type: 'module',
        exports: './it.js',
      },
      'node_modules/acme-loud/it.js': plugin(
        'acme-loud',
        "provides: ['promptAssembler'], contributes: ['tools'],",
        "(process.stderr.write('SET UP'), { promptAssembler: {}, tools: [] })",
      ),
      'halter.config.json': { plugins: ['acme-loud'] },
    })
    const { code, stdout, stderr } = await at.halter(['plugins', 'list', '--trust'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/acme-loud +1\.2\.3 +halter\.config\.json +fills promptAssembler; adds tools/)
    expect(stdout).toMatch(/@halter\/plugin-tools +\d+\.\d+\.\d+\S* +@halter\/preset-default/)
    expect(stderr).not.toContain('SET UP')
  })
})

describe('commands of plugins', () => {
  const files = {
    'halter.config.json': { plugins: ['./sync.mjs'] },
    'sync.mjs': plugin(
      'acme-sync',
      "contributes: ['commands'],",
      `{ commands: [{ name: 'sync', summary: 'syncs', async run(args, signal) {
        process.stdout.write(JSON.stringify({ args, aborted: signal.aborted }) + '\\n')
        return args.includes('fail') ? 7 : 0
      } }] }`,
    ),
  }

  test('are called by their name with everything behind it, and give the exit code', async () => {
    const at = place(files)
    const trusted = { env: { HALTER_TRUST: '1' } }
    const { code, stdout } = await at.halter(['sync', 'a', '--flag', '--help'], trusted)
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: '{"args":["a","--flag","--help"],"aborted":false}\n',
    })
    expect((await at.halter(['sync', 'fail'], trusted)).code).toBe(7)
  })

  test('count among what could have been meant', async () => {
    const { code, stderr } = await place(files).halter(['snyc'], { env: { HALTER_TRUST: '1' } })
    expect(code).toBe(2)
    expect(stderr).toContain('Did you mean sync?')
  })

  test('of an untrusted folder are as unknown as any other word', async () => {
    const { code, stderr } = await place(files).halter(['sync'])
    expect(code).toBe(2)
    expect(stderr).toContain('There is no command "sync"')
  })

  test('a broken configuration does not hide that a word is unknown', async () => {
    const at = place({ 'halter.config.json': '{ "broken' })
    const { code, stderr } = await at.halter(['snyc'], { env: { HALTER_TRUST: '1' } })
    expect(code).toBe(2)
    expect(stderr).toContain('There is no command "snyc"')
    expect(stderr).toContain('halter.config.json')
  })

  test('never take a name of halter’s own', async () => {
    const at = place({
      'own.mjs': plugin(
        'acme-own',
        "contributes: ['commands'],",
        "{ commands: [{ name: 'run', summary: 'x', run: async () => 9 }] }",
      ),
      'script.json': says('halter’s own'),
      'halter.config.json': { plugins: ['./own.mjs'] },
    })
    const { stdout } = await at.halter(['run', '--trust', '--model', 'scripted/script.json', 'hi'])
    expect(stdout).toBe('halter’s own\n')
    const { report: found } = await report(at, ['--trust'])
    expect(JSON.stringify(found.findings)).toContain('is hidden by one of halter’s own')
  })
})
