// The files of a project that uses every published entry point.

/** File name → text, for `packed`: the packages as they will be published, with their manifests. */
export function consumerFiles(packed) {
  const modules = packed.flatMap(({ manifest }) =>
    Object.keys(manifest.exports ?? {})
      .filter((entry) => !entry.includes('*') && !entry.endsWith('.json'))
      .map((entry) => manifest.name + entry.slice(1)),
  )
  const assets = packed.flatMap(({ manifest, files }) =>
    Object.keys(manifest.exports ?? {}).includes('./*.md')
      ? files
          .filter((file) => /^package\/[^/]+\.md$/.test(file))
          .map((file) => file.replace('package', manifest.name))
      : [],
  )
  // Conformance suites register tests, so they can only be imported where there is a test runner.
  const isSuite = (name) => name.startsWith('@halter/testkit')
  return {
    'import.mjs': importFile(
      modules.filter((name) => !isSuite(name)),
      assets,
    ),
    'consumer.ts': typesFile(modules),
    'suite.test.ts': suiteFile(modules.filter(isSuite)),
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        target: 'esnext',
        module: 'nodenext',
        strict: true,
        noEmit: true,
        skipLibCheck: false,
        types: ['node'],
      },
      files: ['consumer.ts'],
    }),
  }
}

function importFile(modules, assets) {
  return `import { readFileSync } from 'node:fs'
for (const name of ${JSON.stringify(modules)}) {
  const url = import.meta.resolve(name)
  if (!url.endsWith('.js')) throw new Error(name + ' leads to ' + url + ', not to built JavaScript')
  const names = Object.keys(await import(name))
  if (names.length === 0) throw new Error(name + ' exports nothing')
  // A plugin and a preset are what they export by default.
  if (/\\/(plugin|preset)-[^/]*$/.test(name) && !names.includes('default')) throw new Error(name + ' has no default export')
}
for (const name of ${JSON.stringify(assets)})
  if (readFileSync(new URL(import.meta.resolve(name)), 'utf8').trim() === '') throw new Error(name + ' is empty')
`
}

function typesFile(modules) {
  const lines = modules.map((name, index) => `import * as m${index} from '${name}'`)
  return `${lines.join('\n')}\nexport const all: readonly object[] = [${modules.map((_, index) => `m${index}`).join(', ')}]\n`
}

function suiteFile(modules) {
  return `import { expect, test } from 'vitest'
test.each(${JSON.stringify(modules)})('%s', async (name) => {
  expect(Object.keys(await import(name))).not.toEqual([])
})
`
}
