import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { place, says } from './halter.ts'

const core = JSON.stringify(import.meta.resolve('@halter/core'))
const mine = (name: string, manifest = ''): string =>
  `import { definePlugin } from ${core}
   export default definePlugin({ name: '${name}', apiVersion: 1, ${manifest} setup: () => ({}) })`

const json = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'))

describe('a plugin in a file', () => {
  test('is put into the configuration, which counts at once, and taken out again', async () => {
    const at = place({ 'script.json': says('ok'), 'lib/mine.mjs': mine('acme-mine') })
    const added = await at.halter(['plugins', 'add', 'lib/mine.mjs'])
    expect({ code: added.code, stderr: added.stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining('wrote halter.config.json') as unknown,
    })
    expect(json(join(at.cwd, 'halter.config.json'))).toMatchObject({ plugins: ['./lib/mine.mjs'] })
    expect((await at.halter(['plugins', 'list'])).stdout).toContain('acme-mine')
    expect((await at.halter(['plugins', 'rm', 'acme-mine'])).code).toBe(0)
    expect(json(join(at.cwd, 'halter.config.json'))).toMatchObject({ plugins: [] })
    expect((await at.halter(['plugins', 'list'])).stdout).not.toContain('acme-mine')
  })

  test('is named from the folder of the configuration, with its options; comments stay', async () => {
    const at = place({
      '.git/HEAD': '',
      'halter.config.yaml': '# ours\nmodel: demo # offline\n',
      'deep/mine.mjs': mine(
        'acme-mine',
        "config: { type: 'object', properties: { n: { type: 'integer' } } },",
      ),
    })
    await at.halter(['trust', 'add', '--yes'])
    const { code } = await at.halter(['plugins', 'add', './mine.mjs', '--options', '{"n":4}'], {
      cwd: join(at.cwd, 'deep'),
    })
    expect(code).toBe(0)
    expect(readFileSync(join(at.cwd, 'halter.config.yaml'), 'utf8')).toBe(
      '# ours\nmodel: demo # offline\nplugins:\n  - [ ./deep/mine.mjs, { n: 4 } ]\n',
    )
    expect((await at.halter(['config', 'validate'])).code).toBe(0)
  })

  test.each([
    [['./gone.mjs'], 'There is no file'],
    [['./none.mjs'], 'has no plugin as its default export'],
    [['./mine.mjs', '--options', '{"m":1}'], 'there is no such option'],
    [['./mine.mjs', '--options', '{'], '--options is no JSON'],
    [['./twice.mjs'], 'once more'],
    [['not a name'], 'is no package and no file'],
  ])('that would not work changes nothing: %j', async (args, message) => {
    const at = place({
      'halter.config.json': '{ "plugins": ["./first.mjs"] }\n',
      'first.mjs': mine('acme-first'),
      'twice.mjs': mine('acme-first'),
      'none.mjs': 'export default 1',
      'mine.mjs': mine('acme-mine', "config: { type: 'object', properties: { n: { type: 'integer' } } },"),
    })
    await at.halter(['trust', 'add', '--yes'])
    const { code, stderr } = await at.halter(['plugins', 'add', ...args])
    expect(code).toBe(2)
    expect(stderr).toContain(message)
    expect(readFileSync(join(at.cwd, 'halter.config.json'), 'utf8')).toBe('{ "plugins": ["./first.mjs"] }\n')
  })

  test('a configuration that is code is left to its author, with the line to write', async () => {
    const at = place({ 'halter.config.ts': 'export default {}\n', 'mine.mjs': mine('acme-mine') })
    const added = await at.halter(['plugins', 'add', './mine.mjs', '--options', '{"n":4}'])
    expect({ code: added.code, stdout: added.stdout }).toEqual({
      code: 1,
      stdout: '["./mine.mjs",{"n":4}],\n',
    })
    expect((await at.halter(['plugins', 'rm', './mine.mjs'])).code).toBe(1)
    expect(readFileSync(join(at.cwd, 'halter.config.ts'), 'utf8')).toBe('export default {}\n')
  })

  test('changing an untrusted configuration runs nothing of it, and does not make it trusted', async () => {
    const at = place({
      'halter.config.json': { plugins: ['./evil.mjs'] },
      'evil.mjs': 'import { writeFileSync } from "node:fs"\nwriteFileSync("canary", "x")\nexport default {}',
      'mine.mjs': mine('acme-mine'),
    })
    const { code, stderr } = await at.halter(['plugins', 'add', './mine.mjs'])
    expect(code).toBe(0)
    expect(stderr).toContain('halter trust add')
    expect((await at.halter(['plugins', 'rm', 'acme-mine'])).code).toBe(2)
    expect((await at.halter(['plugins', 'rm', './mine.mjs'])).code).toBe(0)
    expect(json(join(at.cwd, 'halter.config.json'))).toEqual({ plugins: ['./evil.mjs'] })
    expect(existsSync(join(at.cwd, 'canary'))).toBe(false)
    expect((await at.halter(['config', 'print'])).code).toBe(2)
  })

  test('that nobody has named is not removed, and the nearest name is told', async () => {
    const at = place({ 'halter.config.json': { plugins: ['@acme/redis-store'] } })
    const { code, stderr } = await at.halter(['plugins', 'rm', '@acme/redis-stor'])
    expect(code).toBe(2)
    expect(stderr).toContain('Did you mean @acme/redis-store?')
    expect((await at.halter(['plugins', 'rm', '@acme/redis-store'])).code).toBe(0)
  })

  test('of halter’s own tree needs no installation', async () => {
    const at = place()
    const { code, stderr } = await at.halter(['plugins', 'add', '@halter/plugin-memory-store', '--user'])
    expect(code).toBe(0)
    expect(stderr).toContain('is there already')
    expect(json(join(at.home, 'config.json'))).toMatchObject({ plugins: ['@halter/plugin-memory-store'] })
  })
})

/** A registry with one package in two versions, for a real npm. */
async function registry(name: string, source: string): Promise<string> {
  const base = mkdtempSync(join(tmpdir(), 'halter-registry-'))
  onTestFinished(() => rmSync(base, { recursive: true, force: true }))
  const tarballs = new Map<string, Buffer>()
  for (const version of ['1.0.0', '1.1.0']) {
    const folder = join(base, version)
    mkdirSync(folder)
    const scripts = {
      postinstall: "node -e \"require('fs').writeFileSync(process.env.INIT_CWD + '/canary', 'x')\"",
    }
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name, version, type: 'module', exports: './it.js', scripts }),
    )
    writeFileSync(join(folder, 'it.js'), source)
    const packed = execFileSync('npm', ['pack', '--silent'], { cwd: folder, encoding: 'utf8' }).trim()
    tarballs.set(version, readFileSync(join(folder, packed)))
  }
  const server = createServer((request, response) => {
    const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const tarball = /\/t\/([\d.]+)\.tgz$/.exec(request.url ?? '')?.[1]
    if (tarball !== undefined) return void response.end(tarballs.get(tarball))
    if (decodeURIComponent(request.url ?? '') !== `/${name}`) return void response.writeHead(404).end('{}')
    const versions = Object.fromEntries(
      Array.from(tarballs, ([version, content]) => [
        version,
        {
          name,
          version,
          hasInstallScript: true,
          dist: {
            tarball: `${host}/t/${version}.tgz`,
            integrity: `sha512-${createHash('sha512').update(content).digest('base64')}`,
          },
        },
      ]),
    )
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ name, 'dist-tags': { latest: '1.1.0' }, versions }))
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const hasNpm = spawnSync('npm', ['--version'], { shell: process.platform === 'win32' }).status === 0

describe.runIf(hasNpm)('a package', () => {
  test('is installed in exactly this version without its scripts, configured, and uninstalled', async () => {
    const at = place({
      'package.json': { name: 'x', type: 'module' },
      'halter.config.json': { limits: { steps: 5 } },
    })
    await at.halter(['trust', 'add', '--yes'])
    const env = {
      npm_config_registry: await registry('@acme/loud', mine('@acme/loud')),
      npm_config_cache: join(at.home, 'npm-cache'),
    }
    const added = await at.halter(['plugins', 'add', '@acme/loud@1.0.0'], { env })
    expect(added.stderr).toContain('npm install --save-exact')
    expect(added.code).toBe(0)
    expect(json(join(at.cwd, 'package.json'))).toMatchObject({ dependencies: { '@acme/loud': '1.0.0' } })
    expect(json(join(at.cwd, 'halter.config.json'))).toEqual({
      limits: { steps: 5 },
      plugins: ['@acme/loud'],
    })
    expect(existsSync(join(at.cwd, 'canary'))).toBe(false)
    expect((await at.halter(['plugins', 'list'])).stdout).toMatch(/@acme\/loud +1\.0\.0/)
    const removed = await at.halter(['plugins', 'rm', '@acme/loud'], { env })
    expect(removed.code).toBe(0)
    expect(existsSync(join(at.cwd, 'node_modules/@acme/loud'))).toBe(false)
    expect(json(join(at.cwd, 'halter.config.json'))).toEqual({ limits: { steps: 5 }, plugins: [] })
  }, 60_000)

  test('for the user is installed into the folder of halter, the newest version when none is named', async () => {
    const at = place()
    const env = {
      npm_config_registry: await registry('acme-loud', mine('acme-loud')),
      npm_config_cache: join(at.home, 'npm-cache'),
    }
    expect((await at.halter(['plugins', 'add', '--user', 'acme-loud'], { env })).code).toBe(0)
    expect(json(join(at.home, 'package.json'))).toMatchObject({ dependencies: { 'acme-loud': '1.1.0' } })
    expect((await at.halter(['plugins', 'list'])).stdout).toMatch(/acme-loud +1\.1\.0/)
  }, 60_000)

  test('that the registry does not have is told with what npm said, and nothing is configured', async () => {
    const at = place({ 'halter.config.json': {} })
    const env = {
      npm_config_registry: await registry('acme-loud', mine('acme-loud')),
      npm_config_cache: join(at.home, 'npm-cache'),
    }
    const { code, stderr } = await at.halter(['plugins', 'add', 'acme-nope'], { env })
    expect(code).toBe(2)
    expect(stderr).toContain('npm failed')
    expect(stderr).toContain('404')
    expect(json(join(at.cwd, 'halter.config.json'))).toEqual({})
  }, 60_000)
})
