import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What a package's sources may import; `node:` stands for Node's own modules. Nothing else, at any depth. */
const mayImport: Record<string, readonly RegExp[]> = {
  protocol: [/^zod$/],
  core: [/^node:/, /^@halter\/protocol(\/|$)/, /^(tapable|awilix(\/browser)?|cosmiconfig|zod)$/],
  testkit: [/^node:/, /^@halter\/(core|protocol)(\/|$)/, /^(vitest|fast-check)$/],
  'preset-default': [/^@halter\/core$/, /^@halter\/plugin-[\w-]+$/],
}
/** Plugins: no plugin, no preset, and of core only the authors' side. Third-party packages are pnpm's and knip's to judge. */
const pluginMustNotImport = [
  /^@halter\/plugin-/,
  /^@halter\/preset-/,
  /^halter(\/|$)/,
  /^@halter\/core\/(?!testing$)/,
]

/** Folders of core, and which others each may import. Files directly in `src` are below all of them. */
const coreFolders: Record<string, readonly string[]> = {
  contracts: [],
  kernel: ['contracts'],
  config: ['contracts', 'kernel'],
  session: ['contracts', 'kernel', 'turn'],
  turn: ['contracts', 'kernel', 'session'],
  testing: ['contracts', 'kernel', 'config', 'session', 'turn'],
}
const entryFiles = ['index.ts', 'host.ts']

interface Import {
  readonly from: string
  readonly to: string
  readonly line: number
}

describe('an import goes down, never up or sideways', () => {
  test.each(packages())('%s', (name) => {
    const allowed = mayImport[name]
    const wrong = importsOf(`packages/${name}/src`).filter(({ to }) => {
      if (to.startsWith('.')) return false
      if (allowed) return !allowed.some((pattern) => pattern.test(to))
      return name.startsWith('plugin-') && pluginMustNotImport.some((pattern) => pattern.test(to))
    })
    expect(wrong.map(show)).toEqual([])
  })

  test('no relative import leaves its package', () => {
    const outside = packages().flatMap((name) => {
      const source = join(root, 'packages', name, 'src') + sep
      return importsOf(`packages/${name}/src`).filter(
        (each) => each.to.startsWith('.') && !target(each).startsWith(source),
      )
    })
    expect(outside.map(show)).toEqual([])
  })

  test('plugins that declare a dependency on core declare it as a peer', () => {
    const wrong = packages().filter((name) => {
      if (!name.startsWith('plugin-')) return false
      return Object.hasOwn(manifest(name).dependencies ?? {}, '@halter/core')
    })
    expect(wrong).toEqual([])
  })
})

describe('inside core', () => {
  const source = join(root, 'packages/core/src')
  const arrows = importsOf('packages/core/src').filter(({ to }) => to.startsWith('.'))

  test('contracts, kernel, session and turn, host: each imports only what is below it', () => {
    const wrong = arrows.filter((each) => {
      const from = folderOf(join(root, each.from))
      const to = folderOf(target(each))
      if (from === to || from === undefined) return false
      if (to === undefined) return entryFiles.includes(relative(source, target(each)))
      return !coreFolders[from]?.includes(to)
    })
    expect(wrong.map(show)).toEqual([])
  })

  test('every folder of core has its place in the order', () => {
    const folders = new Set(sources('packages/core/src').map((file) => folderOf(join(root, file))))
    expect(
      [...folders].filter((folder) => folder !== undefined && !Object.hasOwn(coreFolders, folder)),
    ).toEqual([])
  })

  function folderOf(file: string): string | undefined {
    const parts = relative(source, file).split(sep)
    return parts.length > 1 ? parts[0] : undefined
  }
})

test('importing @halter/core loads no container, hook library, config finder or schema library', () => {
  const probe = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context) } })
    await import('./packages/core/src/index.ts')
    console.log(JSON.stringify(loaded))`
  const child = spawnSync(process.execPath, ['--input-type=module', '--eval', probe], {
    cwd: root,
    encoding: 'utf8',
  })
  expect(child.stderr).toBe('')
  const loaded = JSON.parse(child.stdout) as string[]
  expect(loaded.some((url) => url.endsWith('/packages/core/src/index.ts'))).toBe(true)
  const heavy = /\/node_modules\/(?:\.pnpm\/)?(tapable|awilix|cosmiconfig|zod)[@/]/
  expect(loaded.filter((url) => heavy.test(url))).toEqual([])
})

function packages(): string[] {
  return globSync('packages/*/src', { cwd: root }).map((folder) => folder.split(sep)[1] as string)
}

function manifest(name: string): { dependencies?: Record<string, string> } {
  return JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))
}

function sources(folder: string): string[] {
  return globSync(`${folder}/**/*.ts`, { cwd: root })
}

/** Static, dynamic and type imports, and re-exports. */
function importsOf(folder: string): Import[] {
  const specifier = /(?:\b(?:import|export)\b[^'"`;]*?\bfrom|\bimport)\s*\(?\s*(['"])([^'"\n]+)\1/g
  return sources(folder).flatMap((file) => {
    const text = withoutComments(readFileSync(join(root, file), 'utf8'))
    return Array.from(text.matchAll(specifier), (match) => ({
      from: file,
      to: match[2] as string,
      line: text.slice(0, match.index).split('\n').length,
    }))
  })
}

/** Blanks comments, whose examples import whatever they like. Strings are matched first, because a glob looks like a comment. */
function withoutComments(text: string): string {
  const stringOrComment = /(['"])(?:\\.|(?!\1)[^\\\n])*\1|`(?:\\[\s\S]|[^\\`])*`|\/\*[\s\S]*?\*\/|\/\/.*/g
  return text.replace(stringOrComment, (match) =>
    match.startsWith('/') ? match.replace(/[^\n]/g, ' ') : match,
  )
}

function target({ from, to }: Import): string {
  return join(root, dirname(from), to)
}

function show({ from, to, line }: Import): string {
  return `${from}:${line} imports ${to}`
}
