import { afterEach, beforeEach, expect, it } from 'vitest'
import { findFiles } from '../../src/search/find-files.ts'
import { findLines } from '../../src/search/find-lines.ts'
import { runSearch } from '../../src/search/run-search.ts'
import type { GrepRequest } from '../../src/search/search-request.ts'
import { openSandbox } from '../sandbox.ts'
import type { Sandbox } from '../sandbox.ts'

let box: Sandbox
beforeEach(() => {
  box = openSandbox()
})
afterEach(() => box.remove())

function request(pattern: string, budgetMs: number): GrepRequest {
  return {
    kind: 'grep',
    start: box.root,
    roots: [box.root],
    prefix: '',
    maxDepth: 9,
    budgetMs,
    pattern,
    mode: 'content',
    ignoreCase: false,
    multiline: false,
    lineNumbers: true,
    before: 0,
    after: 0,
    maxLines: 10,
    maxBytes: 1000,
  }
}

it('a search stops by itself when its time is over, and says that there may be more', () => {
  for (const name of ['a', 'b', 'c']) box.file(name, 'hit')
  expect(findLines(request('hit', -1))).toMatchObject({ isIncomplete: true, matches: 0 })
  expect(findLines(request('hit', 10_000))).toMatchObject({ isIncomplete: false, matches: 3 })
  const { start, roots, prefix, maxDepth } = request('', 0)
  const files = { kind: 'glob', start, roots, prefix, maxDepth, pattern: '*', maxFiles: 10 } as const
  expect(findFiles({ ...files, budgetMs: -1 }).isIncomplete).toBe(true)
  expect(findFiles({ ...files, budgetMs: 10_000 })).toMatchObject({ isIncomplete: false, total: 3 })
})

it('a search that is stuck in one line is ended from outside', async () => {
  box.file('a.txt', Array.from({ length: 1_000_000 }, () => (Math.random() < 0.5 ? 'a' : 'b')).join(''))
  const begin = performance.now()
  const search = runSearch(request('[ab]*a[ab]{999}[c-e]', 200), new AbortController().signal)
  await expect(search).rejects.toThrow('was stuck in one place')
  expect(performance.now() - begin).toBeLessThan(2_500)
})
