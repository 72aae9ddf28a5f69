import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const DATA = [
  'a.json',
  'a.yaml',
  'a.yml',
  'plain/.halterrc',
  'json/.halterrc.json',
  'yaml/.halterrc.yaml',
  'pack/package.json',
]
const CODE = ['a.ts', 'a.mts', 'a.js', 'a.mjs']
const core = JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)

/** What each file says, and what must be in the refusal. A case is written into every kind of file that can say it. */
interface Case {
  readonly name: string
  /** Of data, as JSON, which YAML is, too; of code, the same behind `export default`. */
  readonly value?: unknown
  /** The text itself, per ending. */
  readonly text?: Readonly<Record<string, string>>
  readonly says: readonly (string | RegExp)[]
}

const CASES: readonly Case[] = [
  { name: 'an unknown key', value: { modle: 'x' }, says: ['"modle"', '"x"', 'Did you mean "model"?'] },
  {
    name: 'an unknown key inside',
    value: { limits: { stesp: 3 } },
    says: ['"limits.stesp"', '3', 'Did you mean "steps"?'],
  },
  {
    name: 'a wrong type',
    value: { limits: { steps: 'ten' } },
    says: ['"limits.steps"', '"ten"', 'a whole number of at least 1'],
  },
  {
    name: 'an object for a text',
    value: { model: { id: 'x' } },
    says: ['"model"', '{"id":"x"}', 'must be a text'],
  },
  { name: 'a text for a list', value: { plugins: 'x' }, says: ['"plugins"', '"x"', 'must be a list'] },
  { name: 'null', value: { limits: null }, says: ['"limits"', 'null', 'must be an object'] },
  { name: 'a number out of range', value: { temperature: 3 }, says: ['"temperature"', '3', 'of at most 2'] },
  { name: 'a fraction', value: { maxModelTries: 1.5 }, says: ['"maxModelTries"', '1.5', 'a whole number'] },
  { name: 'a wrong choice', value: { effort: 'hihg' }, says: ['"effort"', '"hihg"', 'Did you mean "high"?'] },
  { name: 'an entry that is none', value: { plugins: [3] }, says: ['"plugins[0]"', '3', '[name, options]'] },
  {
    name: 'a pair without options',
    value: { plugins: [['x']] },
    says: ['"plugins[0]"', '["x"]', '[name, options]'],
  },
  {
    name: 'a missing package',
    value: { plugins: ['acme-gone'] },
    says: ['"plugins[0]"', '"acme-gone"', 'npm install acme-gone'],
  },
  {
    name: 'a missing file',
    value: { plugins: ['./gone.ts'] },
    says: ['"plugins[0]"', '"./gone.ts"', 'nothing is there'],
  },
  {
    name: 'a missing preset',
    value: { presets: ['acme-gone'] },
    says: ['"presets[0]"', '"acme-gone"', 'npm install acme-gone'],
  },
  {
    name: 'a plugin for a preset',
    value: { presets: ['@halter/test-plugin'] },
    says: ['"presets[0]"', 'has no preset as its default export'],
  },
  {
    name: 'the same plugin twice',
    value: { plugins: ['@halter/test-plugin', '@halter/test-plugin'] },
    says: ['"plugins[1]"', 'once more, as plugins[0]', 'Remove one'],
  },
  {
    name: 'a secret of a wrong type',
    value: { model: ['sk-0123456789abcdefghij'] },
    says: ['"model"', '•••'],
  },
  { name: 'a list', value: [1, 2], says: ['must be an object', '[1,2]'] },
  { name: 'a text', value: 'x', says: ['must be an object', '"x"'] },
  {
    name: 'three things at once',
    value: { a: 1, b: 2, plugins: ['./gone.ts'] },
    says: ['3 problems', '"a"', '"b"', 'gone.ts'],
  },
  {
    name: 'a key that reaches a prototype',
    text: {
      json: '{"__proto__": {"model": "x"}}',
      yaml: '__proto__: { model: x }',
      js: 'export default { ["__proto__"]: { model: "x" } }',
    },
    says: ['"__proto__"', 'is a name that no key may have', 'Remove it'],
  },
  {
    name: 'a key of options that reaches a prototype',
    value: { plugins: [['./gone.ts', { deep: [{ constructor: 1 }] }]] },
    says: ['"plugins[0][1].deep[0].constructor"', 'Remove it'],
  },
  {
    name: 'an empty file',
    text: { json: ' \n', yaml: '\n', js: '' },
    says: [/is empty|has no default export/, /Write/],
  },
  {
    name: 'a mark and nothing else',
    text: { json: '\uFEFF', yaml: '\uFEFF' },
    says: ['is empty', 'Write {}'],
  },
  {
    name: 'a mark and a mistake',
    text: { json: '\uFEFF{"modle":1}', yaml: '\uFEFFmodle: 1', js: '\uFEFFexport default {modle:1}' },
    says: ['Did you mean "model"?'],
  },
  {
    name: 'a syntax error',
    text: {
      json: '{\n  "model" "x"\n}',
      yaml: 'model: x\n  limits: 3\n',
      js: 'export default {\n  model: "x"\n  limits: 3\n}',
    },
    says: ['cannot be read', /line [23] column \d+/, 'Correct it'],
  },
  {
    name: 'an end too early',
    text: { json: '{"model": ', yaml: 'model: "x', js: 'export default {' },
    says: ['cannot be read', /line 1( column \d+)?\)/],
  },
  {
    name: 'more than a megabyte',
    text: {
      json: `{"model": "${'m'.repeat(10_000_000)}"}`,
      yaml: `model: ${'m'.repeat(10_000_000)}`,
      js: `export default { model: "${'m'.repeat(10_000_000)}" }`,
    },
    says: [/is too large \(\d+ bytes\)/, 'at most 1048576'],
  },
  {
    name: 'a key twice',
    text: { yaml: 'model: a\nmodel: b\n' },
    says: ['duplicated mapping key', 'line 2 column 1'],
  },
  {
    name: 'a circle',
    text: {
      yaml: 'limits: &a\n  steps: *a\n',
      js: 'const a = { limits: {} }; a.limits.steps = a; export default a',
    },
    says: ['"limits.steps"', /what JSON cannot show|\(it is/, 'a whole number'],
  },
  {
    name: 'not a number',
    text: { yaml: 'limits: { usd: .nan }', js: 'export default { limits: { usd: NaN } }' },
    says: ['"limits.usd"', 'it is NaN'],
  },
  {
    name: 'code that throws',
    text: { js: 'throw new Error("no key is set")' },
    says: ['no key is set', 'Correct it'],
  },
  {
    name: 'code that imports what is not there',
    text: { js: 'import "./gone.mjs"\nexport default {}' },
    says: ['gone.mjs', 'Correct it'],
  },
  {
    name: 'a value that throws',
    text: { js: 'export default { get model() { throw new Error("boo") } }' },
    says: ['cannot be looked at: boo', 'plain data'],
  },
  { name: 'a function', text: { js: 'export default () => ({})' }, says: ['must be an object'] },
]

/** Of code, everything is JavaScript; of data, everything but JSON is YAML. */
function textFor(each: Case, file: string): string | undefined {
  const ending = CODE.includes(file) ? 'js' : /json/.test(file) ? 'json' : 'yaml'
  if (each.text) return wrap(each.text[ending], file)
  const json = JSON.stringify(each.value)
  return wrap(ending === 'js' ? `export default ${json}` : json, file)
}

function wrap(text: string | undefined, file: string): string | undefined {
  // What is wrong with a package.json itself is npm's to say.
  if (!file.endsWith('package.json') || text === undefined) return text
  try {
    JSON.parse(text)
  } catch {
    return undefined
  }
  return `{ "name": "x", "halter": ${text} }`
}

const rows = [...DATA, ...CODE].flatMap((file) =>
  CASES.filter((each) => textFor(each, file) !== undefined).map((each) => [file, each.name, each] as const),
)
let base: string
const answers = new Map<string, { readonly code?: string; readonly message?: string }>()

// In one process of its own: a test runner loads modules by other rules than Node.
beforeAll(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'halter-bad-')))
  mkdirSync(join(base, 'node_modules/@halter/test-plugin'), { recursive: true })
  writeFileSync(
    join(base, 'node_modules/@halter/test-plugin/package.json'),
    '{ "type": "module", "exports": "./it.js" }',
  )
  writeFileSync(
    join(base, 'node_modules/@halter/test-plugin/it.js'),
    `import { definePlugin } from ${core}\nexport default definePlugin({ name: '@halter/test-plugin', apiVersion: 1, setup: () => ({}) })`,
  )
  const files = rows.map(([file, , each], index) => {
    const path = join(base, String(index), file)
    mkdirSync(join(path, '..'), { recursive: true })
    if (file === 'a.js') writeFileSync(join(path, '..', 'package.json'), '{ "type": "module" }')
    writeFileSync(path, textFor(each, file)!)
    return path
  })
  writeFileSync(join(base, 'files.json'), JSON.stringify(files))
  const program = `
    import { readFileSync, writeFileSync } from 'node:fs'
    const { loadConfig } = await import(${JSON.stringify(new URL('../../src/config/load-config.ts', import.meta.url).href)})
    const answers = []
    for (const explicit of JSON.parse(readFileSync('files.json', 'utf8')))
      answers.push(await loadConfig({ explicit, isAlone: true }).then(() => ({}), ({ code, message }) => ({ code, message })))
    writeFileSync('answers.json', JSON.stringify(answers))
    writeFileSync('polluted.json', JSON.stringify({ model: {}.model }))
    process.exit()`
  execFileSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: base, stdio: 'pipe' })
  const read = (name: string): unknown => JSON.parse(readFileSync(join(base, name), 'utf8'))
  expect(read('polluted.json')).toEqual({})
  for (const [index, answer] of (read('answers.json') as { message?: string }[]).entries())
    answers.set(files[index]!, answer)
}, 60_000)
afterAll(() => rmSync(base, { recursive: true, force: true }))

test.each(rows.map(([file, name], index) => [file, name, index] as const))(
  '%s with %s is refused by file, key, value and cure',
  (file, _, index) => {
    const path = join(base, String(index), file)
    const { code, message = '' } = answers.get(path)!
    expect(code).toMatch(/^ERR_(CONFIG|PLUGIN_LOAD)$/)
    expect(message).toContain(path)
    for (const part of rows[index]![2].says)
      if (typeof part === 'string') expect(message).toContain(part)
      else expect(message).toMatch(part)
    expect(message.length).toBeLessThan(2_000)
  },
)
