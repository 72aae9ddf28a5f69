import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { redirectTarget } from '../../src/sources/download.ts'
import { openSources, type GithubOptions } from '../../src/sources/open-sources.ts'
import type { SourceOption } from '../../src/sources/source-options.ts'
import { makeTarball } from './archives.ts'
import { startGithub, type GithubServer } from './github-server.ts'

const FIRST = '1111111111111111111111111111111111111111'
const SECOND = '2222222222222222222222222222222222222222'

let home: string
let github: GithubServer
beforeEach(async () => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'halter-github-')))
  github = await startGithub()
})
afterEach(async () => {
  await github.stop()
  rmSync(home, { recursive: true, force: true })
})

function plugin(name: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    '.claude-plugin/plugin.json': JSON.stringify({ name, version: '1.0.0' }),
    'commands/hello.md': `Say hello from ${name}.`,
    ...more,
  }
}

interface Options {
  readonly sources?: readonly SourceOption[]
  readonly marketplaces?: readonly SourceOption[]
  readonly github?: GithubOptions
  readonly env?: NodeJS.ProcessEnv
}

async function load({ env = {}, ...options }: Options, signal = new AbortController().signal) {
  const { plugins, warnings } = await openSources(
    {
      ...options,
      github: { apiUrl: github.apiUrl, hosts: [github.archiveHost], ...options.github },
    },
    { home, env },
  ).load(signal)
  return { plugins, warnings, from: plugins.map(({ from }) => from) }
}

const repo = (name = 'acme/tools', more: object = {}): SourceOption => ({
  source: 'github',
  repo: name,
  ...more,
})

test('row 79, S16: a repository is a plugin: its default branch is looked up, pinned, and fetched once', async () => {
  github.commit('acme/tools', FIRST, plugin('tools'), ['HEAD'])
  const first = await load({ sources: [repo()] })
  expect(first).toMatchObject({ from: [`github:acme/tools@${FIRST}`], warnings: [] })
  expect(first.plugins[0]!.folder).toMatchObject({ plugin: { name: 'tools' }, commands: [{ name: 'hello' }] })
  expect(github.asked.map(({ path }) => path)).toEqual([
    '/repos/acme/tools/commits/HEAD',
    `/repos/acme/tools/tarball/${FIRST}`,
    `/acme/tools/${FIRST}`,
  ])
  const second = await load({ sources: [repo()] })
  expect(second.from).toEqual(first.from)
  expect(github.asked).toHaveLength(3)
})

test('a link to a folder at a branch is that folder of that branch', async () => {
  const files = Object.entries(plugin('deep')).map(([path, content]) => [`plugins/deep/${path}`, content])
  github.commit('acme/tools', FIRST, Object.fromEntries(files), ['v1'])
  const source = repo('https://github.com/acme/tools/tree/v1/plugins/deep')
  const { from, warnings } = await load({ sources: [source] })
  expect({ from, warnings }).toEqual({ from: [`github:acme/tools@${FIRST}/plugins/deep`], warnings: [] })
})

test('a ref with a slash is asked for as one name', async () => {
  github.commit('acme/tools', FIRST, plugin('tools'), ['feature/a b'.replace(' ', '#')])
  const { from } = await load({ sources: [repo('acme/tools', { ref: 'feature/a#b' })] })
  expect(from).toEqual([`github:acme/tools@${FIRST}`])
})

test('a sha wins over a ref, and is never looked up', async () => {
  github.commit('acme/tools', FIRST, plugin('old'))
  github.commit('acme/tools', SECOND, plugin('new'), ['main'])
  const { from } = await load({ sources: [repo('acme/tools', { ref: 'main', sha: FIRST.toUpperCase() })] })
  expect(from).toEqual([`github:acme/tools@${FIRST}`])
  expect(github.asked.some(({ path }) => path.includes('commits'))).toBe(false)
})

test('a branch stays at its commit until that is old, then follows', async () => {
  github.commit('acme/tools', FIRST, plugin('tools'), ['HEAD'])
  await load({ sources: [repo()] })
  github.commit('acme/tools', SECOND, plugin('tools'), ['HEAD'])
  expect((await load({ sources: [repo()] })).from).toEqual([`github:acme/tools@${FIRST}`])
  expect((await load({ sources: [repo()], github: { maxAgeHours: 0 } })).from).toEqual([
    `github:acme/tools@${SECOND}`,
  ])
})

test('offline, what was fetched before is used, with a warning', async () => {
  github.commit('acme/tools', FIRST, plugin('tools'), ['HEAD'])
  await load({ sources: [repo()] })
  const { apiUrl } = github
  await github.stop()
  const { from, warnings } = await load({ sources: [repo()], github: { apiUrl, maxAgeHours: 0 } })
  expect(from).toEqual([`github:acme/tools@${FIRST}`])
  expect(warnings).toEqual([
    expect.stringMatching(/could not be had: .*What was fetched before is used: github:acme\/tools@1{40}\./),
  ])
  github = await startGithub()
})

test('offline and never fetched: a named warning, and the other sources work', async () => {
  github.commit('acme/tools', FIRST, plugin('tools'), ['HEAD'])
  const { from, warnings } = await load({ sources: [repo('acme/gone'), repo()] })
  expect(from).toEqual([`github:acme/tools@${FIRST}`])
  expect(warnings).toEqual([
    expect.stringMatching(/^github:acme\/gone is not used: acme\/gone .* there is nothing \(404\)/),
  ])
})

test('one that stays asks once, whatever the time to live, and leaves what failed alone', async () => {
  github.commit('acme/tools', FIRST, plugin('tools'), ['HEAD'])
  const sources = openSources(
    {
      sources: [repo(), repo('acme/gone')],
      github: { apiUrl: github.apiUrl, hosts: [github.archiveHost], maxAgeHours: 0 },
    },
    { home, env: {} },
  )
  const { signal } = new AbortController()
  const first = await sources.load(signal)
  expect(first.plugins).toHaveLength(1)
  expect(await sources.load(signal)).toEqual(first)
  expect(github.asked.map(({ path }) => path)).toHaveLength(4)
})

test('E14: many sources in one repository ask for it once', async () => {
  const files = ['a', 'b', 'c'].flatMap((name) =>
    Object.entries(plugin(name)).map(([path, content]) => [`${name}/${path}`, content]),
  )
  github.commit('acme/tools', FIRST, Object.fromEntries(files), ['HEAD'])
  const sources = ['a', 'b', 'c'].map((path) => repo('acme/tools', { path }))
  const { plugins } = await load({ sources })
  expect(plugins.map(({ folder }) => folder.plugin?.name)).toEqual(['a', 'b', 'c'])
  expect(github.asked).toHaveLength(3)
})

test('E14: many repositories are fetched side by side, and never more than six at once', async () => {
  let [running, most] = [0, 0]
  github.answer('/commits/', (_, response) => {
    running += 1
    most = Math.max(most, running)
    setTimeout(() => {
      running -= 1
      response.writeHead(404).end()
    }, 50)
  })
  const { warnings } = await load({
    sources: Array.from({ length: 18 }, (_, index) => repo(`acme/r${index}`)),
  })
  expect(warnings).toHaveLength(18)
  expect(most).toBe(6)
})

test('two loads at once leave one tree, whole, and nothing unfinished', async () => {
  github.commit('acme/tools', FIRST, plugin('tools'), ['HEAD'])
  const loads = await Promise.all(Array.from({ length: 4 }, () => load({ sources: [repo()] })))
  expect(loads.map(({ from }) => from)).toEqual(loads.map(() => [`github:acme/tools@${FIRST}`]))
  expect(readdirSync(join(home, 'sources/trees'))).toHaveLength(1)
  expect(readdirSync(join(home, 'sources/unfinished'))).toEqual([])
})

describe('the token', () => {
  test.each([
    ['the option', { token: 'option' }, { GITHUB_TOKEN: 'env' }, 'Bearer option'],
    ['GITHUB_TOKEN', {}, { GITHUB_TOKEN: 'env', GH_TOKEN: 'other' }, 'Bearer env'],
    ['GH_TOKEN', {}, { GITHUB_TOKEN: '', GH_TOKEN: 'other' }, 'Bearer other'],
    ['nothing', {}, {}, undefined],
  ])('is taken from %s, and goes to the API alone', async (_, options, env, sent) => {
    github.commit('acme/tools', FIRST, plugin('tools'), ['HEAD'])
    await load({ sources: [repo()], github: options, env })
    expect(github.asked.map(({ host, token }) => [host, token])).toEqual([
      ['api', sent],
      ['api', sent],
      ['archives', undefined],
    ])
  })

  test('is in no warning and in no file', async () => {
    github.commit('acme/tools', FIRST, plugin('tools'), ['HEAD'])
    github.answer('/tarball/', (_, response) => response.writeHead(401).end('bad token: s3cret'))
    const { warnings } = await load({ sources: [repo()], env: { GITHUB_TOKEN: 's3cret' } })
    expect(warnings).toEqual([expect.stringContaining('does not accept the token')])
    const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    )
    const texts = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    expect([...warnings, ...texts].join('\n')).not.toContain('s3cret')
  })
})

describe('S16, row 83: a server that is not as it should be', () => {
  beforeEach(() => github.commit('acme/tools', FIRST, plugin('tools'), ['HEAD']))

  /** What the warning says; nothing must be left of the attempt. */
  async function failure(options: GithubOptions = {}): Promise<string> {
    const { plugins, warnings } = await load({ sources: [repo()], github: options })
    expect(plugins).toEqual([])
    expect(warnings).toHaveLength(1)
    const trees = join(home, 'sources/trees')
    expect(existsSync(trees) ? readdirSync(trees) : []).toEqual([])
    expect(readdirSync(join(home, 'sources/unfinished'))).toEqual([])
    return warnings[0]!
  }

  test.each([
    [401, {}, 'does not accept the token'],
    [403, { 'x-ratelimit-remaining': '0' }, 'wants fewer requests'],
    [403, {}, 'denies it'],
    [404, {}, 'there is nothing (404)'],
    [429, {}, 'wants fewer requests'],
    [500, {}, 'answered 500'],
    [304, {}, 'answered 304'],
  ])('%i %j', async (status, headers, words) => {
    github.answer('/tarball/', (_, response) => response.writeHead(status, headers).end())
    expect(await failure()).toContain(words)
  })

  test('drips: it is left after the time for a download', async () => {
    let timer: NodeJS.Timeout | undefined
    github.answer(`/acme/tools/${FIRST}`, (_, response) => {
      response.writeHead(200)
      timer = setInterval(() => response.write('x'), 20)
    })
    expect(await failure({ timeoutMs: 400, idleTimeoutMs: 10_000 })).toContain('took longer than 400 ms')
    clearInterval(timer)
  })

  test('falls silent: it is left after the time without a byte', async () => {
    github.answer(`/acme/tools/${FIRST}`, (_, response) => void response.writeHead(200).write('x'))
    expect(await failure({ idleTimeoutMs: 150 })).toContain('sent nothing for 150 ms')
  })

  test('never answers: it is left after the time without a byte', async () => {
    github.answer('/commits/', () => {})
    const { warnings } = await load({ sources: [repo()], github: { idleTimeoutMs: 150 } })
    expect(warnings[0]).toContain('sent nothing for 150 ms')
  })

  test('announces too much: not one byte is taken', async () => {
    github.answer(`/acme/tools/${FIRST}`, (_, response) => {
      response.writeHead(200, { 'content-length': String(10 ** 12) })
      response.write('x')
    })
    expect(await failure()).toContain('is larger than')
  })

  test('never stops: it is left at the limit', async () => {
    let sent = 0
    github.answer(`/acme/tools/${FIRST}`, (_, response) => {
      response.writeHead(200)
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, 'x'))) sent += 65_536
      }
      response.on('drain', more)
      more()
    })
    const started = openSources(
      {
        sources: [repo()],
        github: { apiUrl: github.apiUrl, hosts: [github.archiveHost] },
        archives: { archiveBytes: 1024 * 1024 },
      },
      { home, env: {} },
    )
    const { warnings } = await started.load(new AbortController().signal)
    expect(warnings[0]).toContain('is larger than 1048576 bytes')
    expect(sent).toBeLessThan(32 * 1024 * 1024)
  })

  test('ends too early: nothing of it is used', async () => {
    const whole = makeTarball([{ path: `acme-tools-${FIRST.slice(0, 7)}/a`, content: 'x'.repeat(5000) }])
    github.answer(`/acme/tools/${FIRST}`, (_, response) => {
      response.writeHead(200, { 'content-length': String(whole.length) })
      response.write(whole.subarray(0, 60))
      setTimeout(() => response.destroy(), 20)
    })
    expect(await failure()).toContain('could not be had')
  })

  test('ends too early and hides it: nothing of it is used', async () => {
    const whole = makeTarball([{ path: `acme-tools-${FIRST.slice(0, 7)}/a`, content: 'x'.repeat(5000) }])
    github.answer(`/acme/tools/${FIRST}`, (_, response) => response.writeHead(200).end(whole.subarray(0, 60)))
    expect(await failure()).toContain('could not be unpacked: it is damaged')
  })

  test('sends a bomb: it is refused', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
    github.answer(`/acme/tools/${FIRST}`, (_, response) => response.writeHead(200).end(bomb))
    expect(await failure()).toContain('more than 100 times larger')
  })

  test('sends another revision: it is refused', async () => {
    const other = makeTarball([{ path: 'acme-tools-9999999/a', content: 'x' }])
    github.answer(`/acme/tools/${FIRST}`, (_, response) => response.writeHead(200).end(other))
    expect(await failure()).toContain('it is of another revision')
  })

  test('sends two folders: it is refused', async () => {
    const two = makeTarball([
      { path: `a-${FIRST.slice(0, 7)}/x`, content: 'x' },
      { path: `b-${FIRST.slice(0, 7)}/x`, content: 'x' },
    ])
    github.answer(`/acme/tools/${FIRST}`, (_, response) => response.writeHead(200).end(two))
    expect(await failure()).toContain('does not have everything in one folder')
  })

  test('calls something a commit that is none', async () => {
    github.answer('/commits/', (_, response) => response.writeHead(200).end('../../etc'))
    const { warnings } = await load({ sources: [repo()] })
    expect(warnings[0]).toContain('is no commit')
  })

  test.each([
    ['another host', 'http://127.0.0.2:9/x'],
    ['another port', 'http://127.0.0.1:9/x'],
    ['a name and a password', 'http://user:pass@ARCHIVES/x'],
    ['a file', 'file:///etc/passwd'],
    ['nowhere', 'http://'],
  ])('redirects to %s: it is not followed', async (_, location) => {
    const target = location.replace('ARCHIVES', github.archiveHost)
    github.answer('/tarball/', (_, response) => response.writeHead(302, { location: target }).end())
    expect(await failure()).toContain('which is not followed')
  })

  test('redirects in a circle: it is left', async () => {
    github.answer('/tarball/', (request, response) =>
      response.writeHead(302, { location: request.url }).end(),
    )
    expect(await failure()).toContain('more than 5 redirects')
  })

  test('redirects in its own house, as for a repository that has a new name: it is followed', async () => {
    github.commit('new/name', FIRST, plugin('tools'))
    github.answer('/repos/acme/tools/tarball/', (_, response) =>
      response.writeHead(301, { location: `/repos/new/name/tarball/${FIRST}` }).end(),
    )
    expect((await load({ sources: [repo()] })).from).toEqual([`github:acme/tools@${FIRST}`])
  })
})

test('a load that is told to stop does, and leaves nothing unfinished', async () => {
  github.commit('acme/tools', FIRST, plugin('tools'), ['HEAD'])
  const controller = new AbortController()
  github.answer(`/acme/tools/${FIRST}`, (_, response) => {
    response.writeHead(200).write('x')
    setTimeout(() => controller.abort(new Error('no more')), 30)
  })
  await expect(load({ sources: [repo()] }, controller.signal)).rejects.toThrow('no more')
  expect(readdirSync(join(home, 'sources/unfinished'))).toEqual([])
})

test.each([
  ['https://archives.example/x', true],
  ['/elsewhere', true],
  ['//archives.example/x', true],
  ['https://archives.example:443/x', true],
  ['http://archives.example/x', false],
  ['http://api.example/x', false],
  ['https://archives.example:8443/x', false],
  ['https://archives.example.evil/x', false],
  ['https://evil/archives.example', false],
  ['https://archives.example@evil/x', false],
  ['https://me@archives.example/x', false],
  ['ftp://archives.example/x', false],
  ['data:,x', false],
])('a redirect to %s: followed %s', (location, isFollowed) => {
  const rules = { origin: 'https://api.example', hosts: ['archives.example'] }
  const target = redirectTarget(location, new URL('https://api.example/repos'), rules)
  expect(target !== undefined).toBe(isFollowed)
})

test('an API without https is refused, but for this machine', () => {
  const open = (apiUrl: string) => openSources({ github: { apiUrl } }, { home, env: {} })
  expect(() => open('http://api.github.com')).toThrow('must begin with "https://"')
  expect(() => open('ftp://127.0.0.1')).toThrow('must begin with "https://"')
  expect(() => open('nonsense')).toThrow('must begin with "https://"')
  expect(open('http://[::1]:8080').isEmpty).toBe(true)
})

describe('what came over the network', () => {
  const hooks = {
    'hooks/hooks.json': JSON.stringify({
      hooks: { PreToolUse: [{ hooks: [{ type: 'command', command: 'touch /tmp/never' }] }] },
    }),
    '.mcp.json': JSON.stringify({ mcpServers: { evil: { command: 'touch', args: ['/tmp/never'] } } }),
    'commands/ship.md': '---\nallowed-tools: Bash(git push:*)\n---\nShip it.',
  }

  test('row 80: loses its hooks, its servers and its grants, with a warning that says how to keep them', async () => {
    github.commit('acme/tools', FIRST, plugin('tools', hooks), ['HEAD'])
    const { plugins, warnings } = await load({ sources: [repo()] })
    const { folder } = plugins[0]!
    expect({ hooks: folder.hooks, mcpServers: folder.mcpServers }).toEqual({ hooks: [], mcpServers: [] })
    expect(folder.commands.map(({ name, allowedTools }) => [name, allowedTools])).toEqual([
      ['hello', undefined],
      ['ship', undefined],
    ])
    expect(warnings).toEqual([
      expect.stringMatching(
        /^remote_unsupported_component: hooks, MCP servers, allowed-tools of github:.*"trusted": true/,
      ),
    ])
  })

  test('keeps them when the user trusts the source', async () => {
    github.commit('acme/tools', FIRST, plugin('tools', hooks), ['HEAD'])
    const { plugins, warnings } = await load({ sources: [repo('acme/tools', { trusted: true })] })
    const { folder } = plugins[0]!
    expect(warnings).toEqual([])
    expect([folder.hooks.length, folder.mcpServers.length]).toEqual([1, 1])
    expect(folder.commands.map(({ allowedTools }) => allowedTools)).toEqual([undefined, ['Bash(git push:*)']])
  })

  test('a plugin keeps its data when its revision changes', async () => {
    github.commit('acme/tools', FIRST, plugin('tools'), ['HEAD'])
    const first = await load({ sources: [repo()] })
    github.commit('acme/tools', SECOND, plugin('tools'), ['HEAD'])
    const second = await load({ sources: [repo()], github: { maxAgeHours: 0 } })
    const dataDirs = [first, second].map(({ plugins }) => plugins[0]!.folder.plugin?.dataDir)
    expect(dataDirs[1]).toBe(dataDirs[0])
    expect(first.plugins[0]!.folder.plugin?.root).not.toBe(second.plugins[0]!.folder.plugin?.root)
  })
})
