import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readSources, type SourceOption } from '../../src/sources/source-options.ts'

test.each<[SourceOption, object]>([
  ['/a/plugin', { kind: 'local', path: '/a/plugin', trust: 'own' }],
  ['~/plugin', { kind: 'local', path: join(homedir(), 'plugin'), trust: 'own' }],
  ['/a/plugin.tgz', { kind: 'archive', path: '/a/plugin.tgz', trust: 'none' }],
  ['/a/plugin.TAR.GZ', { kind: 'archive', trust: 'none' }],
  ['/a/plugin.zip', { kind: 'archive', trust: 'none' }],
  ['https://github.com/a/b', { kind: 'github', github: { owner: 'a', repo: 'b' }, trust: 'none' }],
  [
    { source: 'local', path: '/a.zip' },
    { kind: 'local', path: '/a.zip', trust: 'own' },
  ],
  [{ source: 'local', path: '/a', trusted: false }, { trust: 'none' }],
  [
    { source: 'archive', path: '/a', trusted: true },
    { kind: 'archive', trust: 'all' },
  ],
  [
    { source: 'github', repo: 'a/b', ref: 'feature/x', path: './p' },
    { kind: 'github', github: { owner: 'a', repo: 'b', ref: 'feature/x', path: 'p' } },
  ],
])('%j is read', (option, expected) => {
  expect(readSources({ sources: [option] })[0]).toMatchObject({ isMarketplace: false, ...expected })
  expect(readSources({ marketplaces: [option] })[0]).toMatchObject({ isMarketplace: true, ...expected })
})

test.each<[SourceOption, string]>([
  ['plugin', '"plugin" is no absolute path'],
  ['./plugin', 'is no absolute path'],
  ['~other/plugin', 'is no absolute path'],
  ['http://github.com/a/b', 'is no link to a repository'],
  ['ftp://x', 'is no link'],
  ['https://github.com/a/b/pull/1', 'is no link to a folder'],
  [{ source: 'github', repo: 'a' }, 'names no repository'],
  [{ source: 'github', repo: 'a/b', sha: 'abc' }, 'no full commit'],
  [{ source: 'github', repo: 'a/b', path: '../x' }, 'leads out'],
  [{ source: 'archive', path: '/a', sha256: 'abc' }, 'is no sha256'],
  [{ source: 'local', path: '/a', only: ['x'] }, '"only" is for marketplaces'],
])('%j is refused at the start, with its key', (option, words) => {
  expect(() => readSources({ sources: ['/fine', option] })).toThrow(
    expect.objectContaining({
      code: 'ERR_PLUGIN_CONFIG',
      message: expect.stringMatching(/^sources\[1\] of @halter\/plugin-resources cannot be used: /),
    }),
  )
  expect(() => readSources({ sources: [option] })).toThrow(words)
})
