import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const pages = globSync('docs/**/*.md', { cwd: root, exclude: ['**/node_modules/**'] }).filter(
  (file) => file !== 'docs/README.md',
)
const documents = [
  ...globSync(['*.md', '{packages/*,prompts,examples,examples/*,reliability}/*.md', '.changeset/*.md'], {
    cwd: root,
  }),
  ...pages,
  'docs/README.md',
  'docs/llms.txt',
  'llms.txt',
]

test.each(['docs/README.md', 'docs/llms.txt', 'llms.txt'])(
  '%s leads to every page of the documentation',
  (index) => {
    const linked = new Set(linksOf(index).map(({ path }) => path))
    expect(pages.filter((page) => !linked.has(page))).toEqual([])
  },
)

test('the README names every package once', () => {
  const published = globSync('{packages/*,prompts,docs}/package.json', { cwd: root })
    .map((file) => JSON.parse(read(file)) as { readonly name: string; readonly private?: boolean })
    .flatMap(({ name, private: isPrivate }) => (isPrivate ? [] : [name]))
  const named = Array.from(read('README.md').matchAll(/^\| \[`([^`]+)`\]/gm), ([, name]) => name!)
  expect(named.toSorted()).toEqual(published.toSorted())
})

test('every link within the repository leads to a file, and to a heading of it', () => {
  const broken = documents.flatMap((document) =>
    linksOf(document).flatMap(({ path, heading, text }) => {
      if (!existsSync(join(root, path))) return [`${document}: ${text}`]
      return heading === undefined || headingsOf(path).has(heading) ? [] : [`${document}: ${text}`]
    }),
  )
  expect(broken).toEqual([])
})

test('llms.txt at the root and in the documentation say the same', () => {
  const atRoot = read('llms.txt').replaceAll('](docs/', '](')
  expect(atRoot).toBe(read('docs/llms.txt'))
})

interface Link {
  /** From the root of the repository. */
  readonly path: string
  readonly heading: string | undefined
  /** As it is written. */
  readonly text: string
}

/** Links to files, outside of code. */
function linksOf(document: string): readonly Link[] {
  const prose = read(document)
    .replaceAll(/^```[\s\S]*?^```$/gm, '')
    .replaceAll(/`[^`\n]*`\]/g, 'code]')
  return Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = '', heading] = target.split('#')
      return { path: file === '' ? document : join(dirname(document), file), heading, text: target }
    })
}

/** The anchors of a page, as GitHub makes them. */
function headingsOf(path: string): ReadonlySet<string> {
  const titles = Array.from(read(path).matchAll(/^#+ (.+)$/gm), ([, title]) => title!)
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(/\s/g, '-'),
    ),
  )
}
