import { chmodSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createGlobTool, createGrepTool } from '@halter/plugin-tools'
import { openSandbox } from './sandbox.ts'
import type { Sandbox } from './sandbox.ts'

const glob = createGlobTool()
const grep = createGrepTool()
let box: Sandbox
beforeEach(() => {
  box = openSandbox()
})
afterEach(() => box.remove())

const lines = (text: string): string[] => text.split('\n')
const paths = async (input: object): Promise<string[]> => lines((await box.call(glob, input)).text).sort()

describe('glob', () => {
  it('knows stars, double stars, braces and hidden files', async () => {
    for (const path of ['a.ts', 'src/b.ts', 'src/deep/c.tsx', 'src/deep/d.js', '.github/e.ts'])
      box.file(path, '')
    expect(await paths({ pattern: '**/*.{ts,tsx}' })).toEqual([
      '.github/e.ts',
      'a.ts',
      'src/b.ts',
      'src/deep/c.tsx',
    ])
    expect(await paths({ pattern: 'src/*' })).toEqual(['src/b.ts'])
    expect(await paths({ pattern: 'src/**/[cd].*' })).toEqual(['src/deep/c.tsx', 'src/deep/d.js'])
    expect(await paths({ pattern: './src/b.ts' })).toEqual(['src/b.ts'])
  })

  it('begins in a folder, and its paths can be read from the working directory', async () => {
    box.file('src/deep/c.ts', '')
    for (const path of ['src', './src/', join(box.root, 'src')])
      expect(await paths({ pattern: '**/*.ts', path })).toEqual(['src/deep/c.ts'])
    expect(await paths({ pattern: `${box.root}/src/**` })).toEqual(['src/deep/c.ts'])
  })

  it('row 140: finds only files, folders or links, when asked to', async () => {
    box.file('src/deep/a.ts', '')
    box.file('node_modules/x/a.ts', '')
    box.file('.gitignore', 'out\n')
    box.file('out/deep/b.ts', '')
    if (process.platform !== 'win32') symlinkSync('src', join(box.root, 'link'))
    const found = async (pattern: string, type: string): Promise<string[]> =>
      lines((await box.call(glob, { pattern, type })).text).toSorted()
    expect(await found('**', 'folder')).toEqual(['src', 'src/deep'])
    expect(await found('*', 'folder')).toEqual(['src'])
    expect(await found('**/*.ts', 'file')).toEqual(['src/deep/a.ts'])
    expect(await found('*.ts', 'folder')).toEqual([expect.stringContaining('No folder fits "*.ts"')])
    if (process.platform !== 'win32') expect(await found('**', 'link')).toEqual(['link'])
  })

  it('lists the newest first', async () => {
    for (const [index, name] of ['old', 'new', 'middle'].entries()) {
      const seconds = [1_000_000, 3_000_000, 2_000_000][index]!
      utimesSync(box.file(name, ''), seconds, seconds)
    }
    expect((await box.call(glob, { pattern: '*' })).text).toBe('new\nmiddle\nold')
  })

  it('leaves out what .gitignore excludes, near rules before far ones, and node_modules and .git', async () => {
    box.file('.gitignore', 'dist/\n*.log\n!keep.log\n/top.txt\n')
    box.file('pkg/.gitignore', '!special.log\nlocal\n')
    const kept = ['keep.log', 'pkg/special.log', 'pkg/top.txt', 'src/local']
    const excluded = [
      'dist/a.js',
      'a.log',
      'top.txt',
      'pkg/a.log',
      'pkg/local',
      'node_modules/x/i.js',
      '.git/HEAD',
      'pkg/dist/b.js',
    ]
    for (const path of [...kept, ...excluded]) box.file(path, '')
    expect(await paths({ pattern: '**' })).toEqual([
      '.gitignore',
      'keep.log',
      'pkg/.gitignore',
      'pkg/special.log',
      'pkg/top.txt',
      'src/local',
    ])
  })

  it('obeys the .gitignore of the folders above its own, and not when it is in an excluded one', async () => {
    box.file('.gitignore', 'dist\n*.log\n')
    for (const path of ['src/a.log', 'src/a.ts', 'dist/lib/a.js', 'dist/a.log', 'node_modules/x/i.js'])
      box.file(path, '')
    expect(await paths({ pattern: '**', path: 'src' })).toEqual(['src/a.ts'])
    expect(await paths({ pattern: 'dist/**' })).toEqual(['dist/a.log', 'dist/lib/a.js'])
    expect(await paths({ pattern: '**/*.js', path: 'node_modules/x' })).toEqual(['node_modules/x/i.js'])
  })

  it('says the exact total when there is more than it lists', async () => {
    for (let index = 0; index < 450; index++) box.file(`many/${index}.txt`, '')
    const { text } = await box.call(glob, { pattern: '**/*.txt' })
    expect(lines(text)).toHaveLength(201)
    expect(text).toMatch(/\[450 files fit\. The 200 newest of them are shown; narrow the pattern/)
  })

  it('says when nothing fits, and how a bare name is meant', async () => {
    box.file('src/a.ts', '')
    expect((await box.call(glob, { pattern: '*.ts' })).text).toBe(
      '[No file fits "*.ts". "**/*.ts" would look into the folders below as well.]',
    )
    expect(await box.call(glob, { pattern: '*', path: 'src/a.ts' })).toMatchObject({ isError: true })
    expect((await box.call(glob, { pattern: 'none/*.ts' })).text).toContain('does not exist')
  })

  it.skipIf(process.platform === 'win32')('does not follow links, so circles end', async () => {
    box.file('src/a.ts', '')
    symlinkSync('..', join(box.root, 'src/up'))
    expect(await paths({ pattern: '**/*.ts' })).toEqual(['src/a.ts'])
  })
})

describe('grep', () => {
  beforeEach(() => {
    box.file('a.ts', 'import x\nconst one = 1\n// one more\nend\n')
    box.file('b/b.ts', 'ONE\r\nzero\r\none two\r\n')
    box.file('b/c.md', 'one\n')
  })

  it('names the files that match', async () => {
    expect((await box.call(grep, { pattern: 'one' })).text).toBe('a.ts\nb/b.ts\nb/c.md\n[3 files.]')
  })

  it('shows matching lines with their numbers, and the total', async () => {
    const { text } = await box.call(grep, { pattern: '\\bone\\b', output_mode: 'content' })
    expect(text).toBe(
      'a.ts:2:const one = 1\na.ts:3:// one more\nb/b.ts:3:one two\nb/c.md:1:one\n[4 matches in 3 files.]',
    )
    const bare = await box.call(grep, { pattern: '^one$', output_mode: 'content', '-n': false })
    expect(bare.text).toBe('b/c.md:one\n[1 match in 1 file.]')
  })

  it('counts matching lines per file', async () => {
    const { text } = await box.call(grep, { pattern: 'one', output_mode: 'count', '-i': true })
    expect(text).toBe('a.ts:2\nb/b.ts:2\nb/c.md:1\n[5 matches in 3 files.]')
  })

  it('takes a folder, a file, a glob or a type', async () => {
    expect((await box.call(grep, { pattern: 'one', path: 'b' })).text).toBe('b/b.ts\nb/c.md\n[2 files.]')
    expect((await box.call(grep, { pattern: 'one', path: 'b/b.ts', output_mode: 'content' })).text).toContain(
      'b/b.ts:3:one two\n',
    )
    expect((await box.call(grep, { pattern: 'one', glob: '*.ts' })).text).toBe('a.ts\nb/b.ts\n[2 files.]')
    expect((await box.call(grep, { pattern: 'one', glob: 'b/*.{ts,md}' })).text).toBe(
      'b/b.ts\nb/c.md\n[2 files.]',
    )
    expect((await box.call(grep, { pattern: 'one', glob: '!*.md' })).text).toBe('a.ts\nb/b.ts\n[2 files.]')
    expect((await box.call(grep, { pattern: 'one', type: 'markdown' })).text).toBe('b/c.md\n[1 file.]')
    expect((await box.call(grep, { pattern: 'one', type: 'ts', path: 'b' })).text).toBe('b/b.ts\n[1 file.]')
  })

  it('shows context once per line, with a gap between groups', async () => {
    box.file(
      'long.txt',
      Array.from({ length: 12 }, (_, index) => (index % 5 === 1 ? 'hit' : `l${index + 1}`)).join('\n'),
    )
    const { text } = await box.call(grep, {
      pattern: 'hit',
      path: 'long.txt',
      output_mode: 'content',
      '-C': 1,
    })
    const at = (line: string): string => `long.txt${line}`
    expect(lines(text)).toEqual([
      ...['-1-l1', ':2:hit', '-3-l3'].map(at),
      '--',
      ...['-6-l6', ':7:hit', '-8-l8'].map(at),
      '--',
      ...['-11-l11', ':12:hit'].map(at),
      '[3 matches in 1 file.]',
    ])
    const wide = await box.call(grep, {
      pattern: 'hit',
      path: 'long.txt',
      output_mode: 'content',
      '-B': 3,
      '-A': 1,
    })
    expect(lines(wide.text)).toEqual([
      ...[
        '-1-l1',
        ':2:hit',
        '-3-l3',
        '-4-l4',
        '-5-l5',
        '-6-l6',
        ':7:hit',
        '-8-l8',
        '-9-l9',
        '-10-l10',
        '-11-l11',
        ':12:hit',
      ].map(at),
      '[3 matches in 1 file.]',
    ])
  })

  it('finds matches over several lines when asked to', async () => {
    const { text } = await box.call(grep, {
      pattern: 'one = 1.*?end',
      output_mode: 'content',
      multiline: true,
      '-A': 1,
    })
    expect(text).toBe('a.ts:2:const one = 1\na.ts:3:// one more\na.ts:4:end\n[1 match in 1 file.]')
    const single = await box.call(grep, { pattern: 'one = 1.*?end', output_mode: 'content' })
    expect(single.text).toContain('[Nothing fits')
  })

  it('keeps totals exact when it shows less', async () => {
    box.file('many.txt', 'hit\n'.repeat(5000))
    const { text } = await box.call(grep, { pattern: 'hit', output_mode: 'content', head_limit: 3 })
    expect(lines(text)).toEqual([
      'many.txt:1:hit',
      'many.txt:2:hit',
      'many.txt:3:hit',
      '[5000 matches in 1 file. 3 of 5000 lines are shown; narrow the search to see the others.]',
    ])
    const capped = await box.call(createGrepTool({ maxOutputBytes: 1024 }), {
      pattern: 'hit',
      output_mode: 'content',
    })
    expect(capped.text.length).toBeLessThan(1200)
    expect(capped.text).toMatch(/\[5000 matches in 1 file\. \d+ of 5000 lines are shown/)
  })

  it('shows of a long line the part around the match', async () => {
    box.file('min.js', `${'x'.repeat(5000)}needle${'y'.repeat(5000)}\n`)
    const { text } = await box.call(grep, { pattern: 'needle', output_mode: 'content' })
    expect(text).toContain('needle')
    expect(text).toContain('[part of a line of 10006 characters]')
    expect(text.length).toBeLessThan(600)
  })

  it('leaves binary files out, and names those that are too large', async () => {
    box.file('a.bin', 'one\0')
    writeFileSync(join(box.root, 'big.txt'), Buffer.alloc(33 * 1024 * 1024, 'one\n'))
    const { text } = await box.call(grep, { pattern: 'one' })
    expect(text).toMatch(
      /^a\.ts\nb\/b\.ts\nb\/c\.md\n\[3 files\. Files over 32 MiB were not searched: big\.txt\./,
    )
  })

  it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
    'goes on past what it may not read, and says so',
    async () => {
      chmodSync(box.file('closed/a.ts', 'one'), 0)
      chmodSync(join(box.root, 'b'), 0)
      const { text } = await box.call(grep, { pattern: 'one' })
      chmodSync(join(box.root, 'b'), 0o755)
      expect(text).toBe('a.ts\n[1 file. 2 files or folders could not be read.]')
    },
  )

  it('explains a pattern that is none', async () => {
    expect(await box.call(grep, { pattern: 'a(b[' })).toMatchObject({
      isError: true,
      text: expect.stringMatching(/missing closing .*no lookaround/),
    })
    expect((await box.call(grep, { pattern: '(?=a)' })).text).toContain('no lookaround')
  })
})

describe('row 143: code, searched for as it is written', () => {
  const found = async (pattern: string, extra = {}): Promise<string> =>
    (await box.call(grep, { pattern, output_mode: 'content', ...extra })).text

  beforeEach(() => {
    box.file('a.ts', 'call(one)\nconst x = `${name} {y}`\nother) + f(\ny{2}\nyy\n')
  })

  it('is found with parentheses that are not balanced, and that is said', async () => {
    expect(await found('call(')).toMatch(
      /^a\.ts:1:call\(one\)\n\[1 match in 1 file\. The parentheses of the pattern/,
    )
    expect(await found('r) + f('.replace('+', '\\+'))).toContain('a.ts:3:')
    expect(await found('[(]one')).not.toContain('not balanced')
    expect(await found('\\(one')).not.toContain('not balanced')
    expect(await found('call\\((')).toContain('Nothing fits')
  })

  it('is found with a dollar and a brace, and with braces that repeat nothing', async () => {
    expect(await found('${name}')).toContain('a.ts:2:')
    expect(await found('{y}')).toContain('a.ts:2:')
    expect(await found('^y{2}$')).toContain('a.ts:5:yy')
    expect(await found('(x|call)\\(one\\)$')).toContain('a.ts:1:')
  })
})

describe('a hostile search', () => {
  it('with a pattern that backtracks for ever elsewhere is over at once', async () => {
    box.file('a.txt', `${'a'.repeat(50_000)}!\n`.repeat(20))
    const begin = performance.now()
    expect((await box.call(grep, { pattern: '^(a+)+$' })).text).toContain('Nothing fits')
    expect(performance.now() - begin).toBeLessThan(2_000)
  })

  const evil = {
    'pattern that needs seconds per line': () => {
      const noise = Array.from({ length: 1_000_000 }, () => (Math.random() < 0.5 ? 'a' : 'b')).join('')
      box.file('a.txt', noise)
      return (signal: AbortSignal) => box.call(grep, { pattern: '[ab]*a[ab]{999}[c-e]' }, signal)
    },
    'glob that backtracks': () => {
      box.file('a'.repeat(200), '')
      return (signal: AbortSignal) => box.call(glob, { pattern: '*a'.repeat(30).concat('b') }, signal)
    },
  }
  for (const [name, prepare] of Object.entries(evil))
    it(`with a ${name} is cancelled at once, and holds up nobody meanwhile`, async () => {
      const search = prepare()
      const control = new AbortController()
      const call = search(control.signal).catch((error: unknown) => error)
      let longest = 0
      for (let last = performance.now(), end = last + 400; last < end;) {
        await delay(5)
        longest = Math.max(longest, performance.now() - last)
        last = performance.now()
      }
      const begin = performance.now()
      control.abort(new Error('stop'))
      expect(await call).toMatchObject({ message: 'stop' })
      expect(performance.now() - begin).toBeLessThan(200)
      expect(longest).toBeLessThan(250)
    })
})
