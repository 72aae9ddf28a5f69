import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkGithubSource, parseGithubRepo, parseGithubUrl } from '../../src/sources/github-source.ts'

describe('row 78: a link to GitHub', () => {
  test.each([
    ['https://github.com/acme/tools', { owner: 'acme', repo: 'tools' }],
    ['https://github.com/acme/tools/', { owner: 'acme', repo: 'tools' }],
    ['https://github.com/acme/tools.git', { owner: 'acme', repo: 'tools' }],
    ['https://github.com/acme/tools.git/', { owner: 'acme', repo: 'tools' }],
    ['https://GitHub.com/acme/tools.js', { owner: 'acme', repo: 'tools.js' }],
    ['https://github.com/acme/tools/tree/main', { owner: 'acme', repo: 'tools', ref: 'main' }],
    ['https://github.com/acme/tools/tree/main/', { owner: 'acme', repo: 'tools', ref: 'main' }],
    [
      'https://github.com/acme/tools/tree/v1.2/a/b',
      { owner: 'acme', repo: 'tools', ref: 'v1.2', path: 'a/b' },
    ],
    [
      'https://github.com/acme/tools/tree/main/a%20b/',
      { owner: 'acme', repo: 'tools', ref: 'main', path: 'a b' },
    ],
  ])('%s', (url, source) => {
    expect(parseGithubUrl(url)).toEqual(source)
  })

  test.each([
    'http://github.com/acme/tools',
    'https://gitlab.com/acme/tools',
    'https://www.github.com/acme/tools',
    'https://github.com.evil.example/acme/tools',
    'https://github.com@evil.example/acme/tools',
    'https://user:pass@github.com/acme/tools',
    'https://github.com:8443/acme/tools',
    'https://github.com/acme',
    'https://github.com/acme/',
    'https://github.com/acme/..',
    'https://github.com//tools',
    'https://github.com/acme/tools/blob/main/README.md',
    'https://github.com/acme/tools/pull/12',
    'https://github.com/acme/tools/tree',
    'https://github.com/acme/tools/tree/',
    'https://github.com/acme/tools?tab=readme',
    'https://github.com/acme/tools#readme',
    'https://github.com/acme/tools/tree/main/../../other',
    'https://github.com/acme/tools/tree/main/%2e%2e/other',
    'https://github.com/acme/tools/tree/main/a%5cb',
    'https://github.com/acme/tools/tree/main/%zz',
    'https://github.com/acme/tools/tree/..',
    'https://github.com/acme/tools/tree/-option',
    'https://github.com/acme%2ftools/x',
    'git@github.com:acme/tools.git',
    'github.com/acme/tools',
    '',
  ])('refuses %s', (url) => {
    expect(() => parseGithubUrl(url)).toThrow(expect.objectContaining({ code: 'ERR_RESOURCE_SOURCE' }))
  })

  test('whatever is accepted cannot leave its place in a URL or in a folder', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (ref, path) => {
        let source
        try {
          source = checkGithubSource({ owner: 'acme', repo: 'tools', ref, path }, 'x')
        } catch {
          return
        }
        const url = new URL(
          `https://api.example/repos/${(source.ref ?? '').split('/').map(encodeURIComponent).join('/')}`,
        )
        expect(decodeURIComponent(url.pathname)).toBe(`/repos/${source.ref}`)
        expect(source.path?.split('/')).not.toContain('..')
      }),
      { numRuns: 500 },
    )
  })
})

test('owner/name is short for a link', () => {
  expect(parseGithubRepo('acme/tools')).toEqual({ owner: 'acme', repo: 'tools' })
  for (const wrong of ['acme', 'acme/tools/x', '../x', 'acme/..', '-a/b', 'a b/c'])
    expect(() => parseGithubRepo(wrong)).toThrow(expect.objectContaining({ code: 'ERR_RESOURCE_SOURCE' }))
})

test('a sha is a whole commit', () => {
  const check = (sha: string) => checkGithubSource({ owner: 'a', repo: 'b', sha }, 'a/b')
  expect(check('a'.repeat(40)).sha).toBe('a'.repeat(40))
  for (const wrong of ['abc1234', 'main', 'g'.repeat(40), ''])
    expect(() => check(wrong)).toThrow('no full commit')
})
