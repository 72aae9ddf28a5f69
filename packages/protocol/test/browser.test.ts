import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const src = fileURLToPath(new URL('../src', import.meta.url))
const specifier = /(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g

test('what @halter/protocol loads is itself and nothing else, so it runs in a browser', () => {
  const seen = new Set<string>()
  const outside: string[] = []
  const visit = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    for (const [, to] of withoutComments(readFileSync(file, 'utf8')).matchAll(specifier)) {
      if (to!.startsWith('./')) visit(join(dirname(file), to!))
      else outside.push(`${relative(src, file)} imports ${to}`)
    }
  }
  visit(join(src, 'index.ts'))
  expect(outside).toEqual([])
  const files = globSync('**/*.ts', { cwd: src })
  const unreached = files.filter((file) => !seen.has(join(src, file)))
  expect(unreached.filter((file) => !/^schema(\.ts|\/)/.test(file))).toEqual([])
  expect([...seen].filter((file) => /^schema(\.ts|\/)/.test(relative(src, file)))).toEqual([])
})

test('it uses no global that only Node has', () => {
  const onlyNode = /\b(process|Buffer|require|__dirname|__filename|setImmediate|global)\b\s*[.([]/
  const found = globSync('**/*.ts', { cwd: src }).filter((file) =>
    onlyNode.test(withoutComments(readFileSync(join(src, file), 'utf8'))),
  )
  expect(found).toEqual([])
})

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
}
