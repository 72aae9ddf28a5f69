import { spawnSync } from 'node:child_process'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Attributes, splitList } from '../src/attributes.ts'
import { parseMarkdown } from '../src/front-matter.ts'
import { Problems } from '../src/problem.ts'

const parse = (text: string) => parseMarkdown('/f.md', text)

describe('front matter', () => {
  test('is YAML: quotes, lists, many lines, comments', async () => {
    const { attributes, body, lines } = await parse(
      [
        '---',
        'name: "a: b"',
        '# a comment',
        'description: >-',
        '  one',
        '  two',
        'tools: [Read, "Bash(git:*)"]',
        '---',
        '',
        '# Body',
        '',
      ].join('\n'),
    )
    expect(attributes).toEqual({ name: 'a: b', description: 'one two', tools: ['Read', 'Bash(git:*)'] })
    expect(lines).toEqual({ name: 2, description: 4, tools: 7 })
    expect(body).toBe('# Body')
  })

  test('may have Windows line ends, a byte order mark and blanks after its fences', async () => {
    const { attributes, body } = await parse('\uFEFF---  \r\nname: a\r\n---\t\r\nBody\r\n')
    expect(attributes).toEqual({ name: 'a' })
    expect(body).toBe('Body')
  })

  test.each(['# No fence', 'text\n---\nname: a\n---\n', ' ---\nname: a\n---'])(
    'is only what begins in the first line: %j',
    async (text) => {
      expect(await parse(text)).toMatchObject({ attributes: {}, body: text.trim(), hasFrontMatter: false })
    },
  )

  test('a line of dashes in the body is none', async () => {
    expect(await parse('---\na: 1\n---\none\n---\ntwo\n')).toMatchObject({ body: 'one\n---\ntwo' })
  })

  test.each([
    ['description: Use this when: always', { description: 'Use this when: always' }],
    ['argument-hint: [file] [line]', { 'argument-hint': '[file] [line]' }],
    ['tools: @all', { tools: '@all' }],
  ])('%s lacks quotes, and gets them', async (line, attributes) => {
    const { attributes: found, problems } = await parse(`---\nname: a\n${line}\n---\nBody`)
    expect(found).toEqual({ name: 'a', ...attributes })
    expect(problems).toMatchObject([{ severity: 'note', line: 3 }])
  })

  test('what no quotes help is read line by line, with a warning', async () => {
    const { attributes, problems } = await parse('---\nname: "a"\ndescription: b\n  - c\n\t: d\n---\nBody')
    expect(attributes).toEqual({ name: 'a', description: 'b' })
    expect(problems).toMatchObject([{ severity: 'warning' }])
  })

  test('aliases that would become gigabytes are refused', async () => {
    const rows = Array.from({ length: 9 }, (_, row) => {
      const before = row === 0 ? '"lol"' : `*a${row - 1}`
      return `a${row}: &a${row} [${Array.from({ length: 9 }, () => before).join(', ')}]`
    })
    const { attributes, problems } = await parse(`---\n${rows.join('\n')}\n---\nBody`)
    expect(attributes).toEqual({})
    expect(problems).toMatchObject([{ message: expect.stringContaining('alias') as string }])
  })

  test('keys such as __proto__ change nothing', async () => {
    const document = await parse('---\n__proto__:\n  admin: true\nconstructor: x\n---\nBody')
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
    expect(new Attributes(document, new Problems('')).text('toString')).toBeUndefined()
  })

  test('any text is read without an exception, and its body is a part of it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc
            .array(
              fc.constantFrom(
                '---\n',
                'a: b\n',
                ': ',
                '[',
                '{',
                '- ',
                '"',
                '&a ',
                '*a',
                '\t',
                'x\r\n',
                '#',
                '|\n',
              ),
            )
            .map((parts) => `---\n${parts.join('')}`),
        ),
        async (text) => {
          const { body } = await parse(text)
          expect(text).toContain(body)
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('values', () => {
  const attributes = async (yaml: string): Promise<[Attributes, Problems]> => {
    const problems = new Problems('/f.md')
    return [new Attributes(await parse(`---\n${yaml}\n---\nBody`), problems), problems]
  }

  test.each([
    ['Read, Bash(git add:*) Grep', ['Read', 'Bash(git add:*)', 'Grep']],
    ['[Read, Grep]', ['Read', 'Grep']],
    ['Bash(ls *), mcp__a__b', ['Bash(ls *)', 'mcp__a__b']],
    ['', []],
  ])('the list %j', (text, list) => expect(splitList(text)).toEqual(list))

  test.each([
    ['yes', true],
    ['"off"', false],
    ['1', true],
    ['False', false],
  ])('%s is %s', async (word, value) => {
    expect((await attributes(`a: ${word}`))[0].flag('a')).toBe(value)
  })

  test('of the wrong type are told, with their line, and not used', async () => {
    const [found, problems] = await attributes('name: {a: 1}\nflag: maybe\nlist: 7')
    expect([found.text('name'), found.flag('flag'), found.list('list')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(problems.list.map(({ line }) => line)).toEqual([2, 3, 4])
  })
})

test('the YAML library is loaded by front matter, and by nothing else', () => {
  const program = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context) } })
    await import(${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)})
    const { parseMarkdown } = await import(${JSON.stringify(new URL('../src/front-matter.ts', import.meta.url).href)})
    const count = () => loaded.filter((url) => /\\/yaml\\//.test(url)).length
    await parseMarkdown('/a.md', 'no front matter')
    const before = count()
    await parseMarkdown('/a.md', '---\\na: 1\\n---')
    console.log(JSON.stringify([before, count() > 0, loaded.some((url) => /\\/zod[@/]/.test(url))]))`
  const child = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' })
  expect(child.stderr).toBe('')
  expect(JSON.parse(child.stdout)).toEqual([0, true, false])
})
