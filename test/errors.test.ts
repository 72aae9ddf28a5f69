import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { ERROR_CODES } from '../packages/core/src/errors.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const defined = Object.keys(ERROR_CODES).sort()
const read = (file: string) => readFileSync(join(root, file), 'utf8')

describe('error codes', () => {
  test('each one is documented, and no other', () => {
    // A heading or the first cell of a row: a code in running text refers to its entry, it is not one.
    const entries = read('docs/errors.md').matchAll(/^(?:#+ +|\| *)`?(ERR_[A-Z_]+)`?/gm)
    expect(Array.from(entries, ([, code]) => code as string).sort()).toEqual(defined)
  })

  test('each one is raised somewhere', () => {
    const text = sources().map(read).join('\n')
    expect(defined.filter((code) => !new RegExp(`['"\`]${code}['"\`]`).test(text))).toEqual([])
  })

  test('nothing raises one that is not defined', () => {
    const raised = sources().flatMap((file) =>
      Array.from(
        read(file).matchAll(/new HalterError\(\s*['"](ERR_[A-Z_]+)['"]/g),
        ([, code]) => `${code} in ${file}`,
      ),
    )
    expect(raised.filter((line) => !Object.hasOwn(ERROR_CODES, line.split(' ')[0] as string))).toEqual([])
  })

  test('what a README or a guide names exists', () => {
    const files = globSync(['README.md', 'packages/*/README.md', 'docs/*.md', 'AGENTS.md'], { cwd: root })
    const named = files.flatMap((file) =>
      Array.from(read(file).matchAll(/`(ERR_[A-Z_]+)`/g), ([, code]) => `${code} in ${file}`),
    )
    expect(named.filter((line) => !Object.hasOwn(ERROR_CODES, line.split(' ')[0] as string))).toEqual([])
  })
})

function sources(): string[] {
  return globSync('packages/*/src/**/*.ts', { cwd: root }).filter(
    (file) => !file.endsWith('core/src/errors.ts'),
  )
}
