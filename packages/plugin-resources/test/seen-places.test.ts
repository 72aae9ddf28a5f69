import fs, {
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { FileLooks } from '../src/file-looks.ts'
import { keepsTimes } from '../src/file-stamp.ts'
import { ResourceFiles } from '../src/index.ts'
import type { SeenPlaces } from '../src/seen-places.ts'
import { settle, skillText, tempFolder, write } from './support.ts'

let base: string
beforeEach(() => {
  base = tempFolder()
})

const NAMES = ['.git', '.halter', '.claude', '.agents', 'AGENTS.md', 'CLAUDE.md']

/** A look at several names in a folder, which has been asked once so that it relies on whatever it may. */
async function lookAt(folder: string, names: readonly string[] = NAMES): Promise<SeenPlaces> {
  await settle()
  const looks = new FileLooks()
  for (const name of names) looks.kind(join(folder, name))
  const seen = looks.seen()
  expect([seen.areUnchanged(), seen.areUnchanged()]).toEqual([true, true])
  return seen
}

/** How often the file system is asked in `work`. */
async function countLooks(work: () => unknown): Promise<number> {
  const { statSync, lstatSync, statfsSync, readdirSync, realpathSync: realpath } = fs
  const real = { statSync, lstatSync, statfsSync, readdirSync, realpathSync: realpath }
  let count = 0
  const counted = Object.entries(real).map(([name, call]) => [
    name,
    (...args: unknown[]): unknown => {
      count += 1
      return (call as (...all: unknown[]) => unknown)(...args)
    },
  ])
  const restore = (): void => {
    Object.assign(fs, real)
    syncBuiltinESMExports()
  }
  onTestFinished(restore)
  Object.assign(fs, Object.fromEntries(counted))
  syncBuiltinESMExports()
  try {
    await work()
  } finally {
    restore()
  }
  return count
}

describe('names that are not in a folder', () => {
  test.each(NAMES)('%s is seen as soon as it is there', async (name) => {
    const seen = await lookAt(base)
    mkdirSync(join(base, name))
    expect(seen.areUnchanged()).toBe(false)
  })

  test('are still missing when others come and go', async () => {
    const seen = await lookAt(base)
    for (let index = 0; index < 20; index++) {
      writeFileSync(join(base, `other${index}`), '')
      expect(seen.areUnchanged()).toBe(true)
    }
    writeFileSync(join(base, 'AGENTS.md'), '')
    expect(seen.areUnchanged()).toBe(false)
  })

  test('are seen when the times of the folder are set back', async () => {
    const [atime, mtime] = [new Date(1_000_000), new Date(2_000_000)]
    utimesSync(base, atime, mtime)
    const seen = await lookAt(base)
    mkdirSync(join(base, '.claude'))
    utimesSync(base, atime, mtime)
    expect(seen.areUnchanged()).toBe(false)
  })

  test('are seen when what they link to comes, of which their folder knows nothing', async () => {
    symlinkSync(join(base, 'later'), join(base, '.claude'))
    mkdirSync(join(base, 'far'))
    symlinkSync(join(base, 'far/later'), join(base, '.agents'))
    const seen = await lookAt(base)
    mkdirSync(join(base, 'far/later'))
    expect(seen.areUnchanged()).toBe(false)
  })

  test('are seen when the folder is exchanged, renamed or linked elsewhere', async () => {
    for (const name of ['empty', 'full/.claude', 'more/.claude'])
      mkdirSync(join(base, name), { recursive: true })
    symlinkSync('empty', join(base, 'link'))
    const [linked, exchanged] = [await lookAt(join(base, 'link')), await lookAt(join(base, 'empty'))]
    rmSync(join(base, 'link'))
    symlinkSync('full', join(base, 'link'))
    expect(linked.areUnchanged()).toBe(false)
    rmSync(join(base, 'empty'), { recursive: true })
    expect(exchanged.areUnchanged(), 'gone is as missing as before').toBe(true)
    renameSync(join(base, 'more'), join(base, 'empty'))
    expect(exchanged.areUnchanged()).toBe(false)
  })

  test('below a folder that is missing are seen when it comes with them', async () => {
    const looks = new FileLooks()
    expect(looks.kind(join(base, 'a'))).toBe('none')
    for (const name of NAMES) expect(looks.kind(join(base, 'a', name))).toBe('none')
    const seen = looks.seen()
    expect(await countLooks(() => seen.areUnchanged())).toBe(1)
    mkdirSync(join(base, 'a/.claude'), { recursive: true })
    expect(seen.areUnchanged()).toBe(false)
  })

  test.skipIf(process.platform !== 'linux')(
    'are asked for one by one where a folder may keep its times',
    async () => {
      expect(keepsTimes('/proc')).toBe(false)
      expect(keepsTimes(join(base, 'missing'))).toBe(false)
      const seen = new FileLooks()
      for (const name of NAMES) seen.kind(join('/proc/self', name))
      const places = seen.seen()
      for (let index = 0; index < 3; index++)
        expect(await countLooks(() => places.areUnchanged())).toBeGreaterThanOrEqual(NAMES.length)
    },
  )

  const memory = process.platform === 'linux' && fs.existsSync('/dev/shm')
  test.each(['disk', ...(memory ? ['memory'] : [])])(
    'law: a look is unchanged exactly if each name is as it was (%s)',
    async (where) => {
      const root = where === 'disk' ? base : realpathSync(mkdtempSync('/dev/shm/halter-resources-'))
      onTestFinished(() => rmSync(root, { recursive: true, force: true }))
      const move = fc.record({
        name: fc.constantFrom(...NAMES, 'noise'),
        kind: fc.constantFrom('file', 'folder', 'link', 'none'),
        wait: fc.nat({ max: 4 }),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(move, { maxLength: 15 }), async (moves) => {
          const folder = mkdtempSync(join(root, 'case-'))
          const target = write(root, 'target', '')
          const kinds = new Map<string, string>()
          for (const name of NAMES) kinds.set(name, 'none')
          let [seen, before] = [await lookAt(folder), [...kinds].join()]
          for (const { name, kind, wait } of moves) {
            rmSync(join(folder, name), { recursive: true, force: true })
            if (kind === 'file') writeFileSync(join(folder, name), '')
            if (kind === 'folder') mkdirSync(join(folder, name))
            if (kind === 'link') linkSync(target, join(folder, name))
            if (name !== 'noise') kinds.set(name, kind === 'link' ? 'file' : kind)
            const now = [...kinds].join()
            expect(seen.areUnchanged()).toBe(now === before)
            if (now !== before) [seen, before] = [look(folder), now]
            if (wait === 0) await settle()
          }
        }),
        { numRuns: 25 },
      )
    },
  )
})

function look(folder: string): SeenPlaces {
  const looks = new FileLooks()
  for (const name of NAMES) looks.kind(join(folder, name))
  return looks.seen()
}

describe.skipIf(!keepsTimes(tmpdir()))('an unchanged snapshot costs', () => {
  async function costOfTurn(): Promise<number> {
    await settle()
    const work = join(base, 'repo')
    const files = new ResourceFiles({ home: join(base, 'home'), userHome: join(base, 'user') })
    const first = await files.snapshot({ workingDir: work })
    expect(files.snapshot({ workingDir: work })).toBe(first)
    return countLooks(() => expect(files.snapshot({ workingDir: work })).toBe(first))
  }

  test('one look for each place of the user and the project, where there is nothing', async () => {
    mkdirSync(join(base, 'repo/.git'), { recursive: true })
    mkdirSync(join(base, 'user'))
    // .git, what else could be in the repository, halter's home, the user's.
    expect(await costOfTurn()).toBe(4)
    mkdirSync(join(base, 'home'))
    expect(await costOfTurn(), 'with a home of halter that is empty').toBe(4)
  })

  test('no more where the project is trusted: that is asked every time, the rest is known', async () => {
    mkdirSync(join(base, 'repo/.git'), { recursive: true })
    write(base, 'repo/.claude/skills/a/SKILL.md', skillText('a'))
    mkdirSync(join(base, 'user'))
    await settle()
    let asked = 0
    const files = new ResourceFiles({
      home: join(base, 'home'),
      userHome: join(base, 'user'),
      isTrusted: () => Promise.resolve((asked += 1) > 0),
    })
    const first = await files.snapshot({ workingDir: join(base, 'repo') })
    const turn = async (): Promise<void> =>
      expect(await files.snapshot({ workingDir: join(base, 'repo') })).toBe(first)
    await turn()
    // .git, the skill, its folder's folder, and a look each at what is not in the repository, .claude, halter's home and the user's.
    expect(await countLooks(turn)).toBe(3 + 4)
    expect(asked).toBe(3)
  })

  test('one look for each skill, and a few for the folders they are in', async () => {
    mkdirSync(join(base, 'repo/.git'), { recursive: true })
    for (let index = 0; index < 50; index++)
      write(base, `home/skills/group${index % 5}/s${index}/SKILL.md`, skillText(`s${index}`))
    expect(await costOfTurn()).toBe(50 + 5 + 5)
  })
})

describe('a skill in a folder that is not looked at apart from it', () => {
  const names = async (files: ResourceFiles): Promise<readonly string[]> =>
    (await files.snapshot({ workingDir: base })).skills.map(({ name }) => name)

  test.each<readonly [string, (root: string) => void, readonly string[]]>([
    ['is removed', (root) => rmSync(join(root, 'a/SKILL.md')), ['b']],
    ['is renamed', (root) => renameSync(join(root, 'a/SKILL.md'), join(root, 'a/skill.md')), ['b']],
    ['goes with its folder', (root) => rmSync(join(root, 'a'), { recursive: true }), ['b']],
    [
      'becomes a file',
      (root) => (rmSync(join(root, 'a'), { recursive: true }), writeFileSync(join(root, 'a'), '')),
      ['b'],
    ],
    [
      'becomes a folder',
      (root) => (rmSync(join(root, 'a/SKILL.md')), mkdirSync(join(root, 'a/SKILL.md'))),
      ['b'],
    ],
    [
      'makes room for those below it',
      (root) => (write(root, 'a/c/SKILL.md', skillText('c')), rmSync(join(root, 'a/SKILL.md'))),
      ['c', 'b'],
    ],
    ['gets another beside it', (root) => write(root, 'aa/SKILL.md', skillText('aa')), ['a', 'aa', 'b']],
    ['is moved', (root) => renameSync(join(root, 'b'), join(root, '0')), ['b', 'a']],
  ])('that %s is used as it is now from the next turn on', async (_, change, expected) => {
    const root = join(base, 'home/skills')
    for (const name of ['a', 'b']) write(root, `${name}/SKILL.md`, skillText(name))
    const files = new ResourceFiles({ home: join(base, 'home'), userHome: join(base, 'user') })
    await settle()
    expect(await names(files)).toEqual(['a', 'b'])
    expect(await names(files)).toEqual(['a', 'b'])
    change(root)
    expect(await names(files)).toEqual(expected)
  })
})
