import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ARCHIVE_LIMITS, type ArchiveLimits } from '../../src/sources/limits.ts'
import { unpackArchive } from '../../src/sources/unpack-archive.ts'
import { makeTar, makeTarball, makeZip, type MadeEntry } from './archives.ts'

let base: string
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'halter-archives-')))
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

let count = 0
/** Unpacks into a fresh folder, and tells what is in it. */
async function unpack(
  bytes: Buffer,
  limits: Partial<ArchiveLimits> = {},
  signal = new AbortController().signal,
) {
  count += 1
  const [file, folder] = [join(base, `${count}.archive`), join(base, `${count}.tree`)]
  writeFileSync(file, bytes)
  mkdirSync(folder)
  const unpacked = await unpackArchive(file, folder, { ...ARCHIVE_LIMITS, ...limits }, signal)
  return { ...unpacked, folder, files: filesOf(folder) }
}

function filesOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  return Object.fromEntries(
    names
      .filter((name) => lstatSync(join(folder, name)).isFile())
      .map((name) => [name, readFileSync(join(folder, name), 'latin1')]),
  )
}

const formats = [
  ['tar.gz', makeTarball],
  ['zip', makeZip],
] as const

const name = fc.stringMatching(/^[a-z]{1,8}[0-9]?$/)
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'))

describe.each(formats)('%s', (_, make) => {
  test('an honest archive comes out as it went in', async () => {
    const tree = fc
      .dictionary(path, fc.uint8Array({ maxLength: 3000 }), { minKeys: 1, maxKeys: 8 })
      .filter(isTree)
    await fc.assert(
      fc.asyncProperty(tree, async (files) => {
        const { files: found } = await unpack(
          make(Object.entries(files).map(([path, content]) => ({ path, content }))),
        )
        const expected = Object.entries(files).map(([path, bytes]) => [
          path,
          Buffer.from(bytes).toString('latin1'),
        ])
        expect(found).toEqual(Object.fromEntries(expected))
      }),
      { numRuns: 60, interruptAfterTimeLimit: 10_000 },
    )
  })

  test('whatever paths an archive lists, nothing appears outside its folder', async () => {
    const nasty = fc.constantFrom(
      '..',
      '.',
      '',
      '/',
      '\\',
      'C:',
      '~',
      'a',
      'b',
      '..\\..',
      'con',
      'a.',
      '\u202e',
      'é',
      'é',
    )
    const anyPath = fc.array(fc.oneof(nasty, fc.string({ unit: 'binary', maxLength: 6 })), {
      minLength: 1,
      maxLength: 6,
    })
    await fc.assert(
      fc.asyncProperty(fc.array(anyPath, { minLength: 1, maxLength: 4 }), async (paths) => {
        const entries = paths.map((each) => ({ path: each.join('/') || 'x', content: 'x' }))
        const before = readdirSync(base).length
        await unpack(make(entries)).catch((error: unknown) =>
          expect(error).toMatchObject({ code: 'ERR_RESOURCE_SOURCE' }),
        )
        expect(readdirSync(base).length).toBe(before + 2)
        expect(readdirSync(join(base, '..')).includes('x')).toBe(false)
      }),
      { numRuns: 100, interruptAfterTimeLimit: 10_000 },
    )
  })

  test.each([
    '../evil',
    'a/../../evil',
    'a/..',
    '/etc/evil',
    '//evil',
    'C:/evil',
    'c:evil',
    '..\\evil',
    'a\\..\\..\\evil',
    'a/b:stream',
    'a/con',
    'a/NUL.txt',
    'a/name.',
    'a/name ',
    'a/x\u0000b',
    'a/\u001b[2Jb',
    'a/\u202egnp.exe',
    `${'d/'.repeat(33)}evil`,
    'n'.repeat(256),
  ])('refuses the path %j', async (evil) => {
    const entries = [
      { path: 'good', content: 'x' },
      { path: evil, content: 'x' },
    ]
    // A tar ends a name at NUL, so what stands behind it is not there.
    if (make === makeTarball && evil.includes('\0'))
      return expect((await unpack(make(entries))).files).toHaveProperty('good')
    return expect(unpack(make(entries))).rejects.toMatchObject({ code: 'ERR_RESOURCE_SOURCE' })
  })

  test.each([
    ['twice', ['a', 'a']],
    ['in two cases', ['Read.md', 'README.md'.replace('ME', ''), 'read.MD']],
    ['composed in two ways', ['caf\u00e9', 'cafe\u0301']],
    ['as file and as folder', ['a', 'a/b']],
    ['as folder and as file', ['a/b', 'a']],
  ])('refuses a name that is there %s', async (_, paths) => {
    const archive = make(paths.map((path) => ({ path, content: 'x' })))
    await expect(unpack(archive)).rejects.toThrow('has the name of another one')
  })

  test('files are read-only, for the user alone, and executable where they were', async () => {
    const { folder } = await unpack(
      make([
        { path: 'bin/run.sh', content: 'x', mode: 0o104777 },
        { path: 'doc.md', content: 'x', mode: 0o100666 },
      ]),
    )
    const mode = (path: string) => (lstatSync(join(folder, path)).mode & 0o7777).toString(8)
    expect([mode('bin/run.sh'), mode('doc.md'), mode('bin')]).toEqual(['500', '400', '700'])
  })

  test('refuses more entries, larger files and more bytes than its limits', async () => {
    const many = make(
      Array.from({ length: 5 }, (_, index) => ({ path: `f${index}`, content: 'x'.repeat(1000) })),
    )
    await expect(unpack(many, { entries: 4 })).rejects.toThrow('it lists more than 4 entries')
    await expect(unpack(many, { fileBytes: 999 })).rejects.toThrow('is larger than 999 bytes')
    await expect(unpack(many, { totalBytes: 4999 })).rejects.toThrow('it is larger than 4999 bytes, unpacked')
    await expect(unpack(many, { archiveBytes: many.length - 1 })).rejects.toThrow(
      `it is larger than ${many.length - 1}`,
    )
    expect(Object.keys((await unpack(many)).files)).toHaveLength(5)
  })

  test('S16, row 83: refuses what grows more than a hundredfold', async () => {
    const bomb = make([{ path: 'zeros', content: new Uint8Array(8 * 1024 * 1024) }])
    expect(bomb.length).toBeLessThan(10_000)
    await expect(unpack(bomb)).rejects.toThrow('more than 100 times larger')
  })

  test('an archive in an archive stays one', async () => {
    const inner = make([{ path: 'inner', content: 'x' }])
    const { files } = await unpack(make([{ path: 'inner.bin', content: inner }]))
    expect(Object.keys(files)).toEqual(['inner.bin'])
  })

  test('refuses an archive that was cut off, at any byte', async () => {
    const whole = make([{ path: 'a', content: 'x'.repeat(300) }])
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 9 }), async (length) => {
        await expect(unpack(whole.subarray(0, length))).rejects.toMatchObject({ code: 'ERR_RESOURCE_SOURCE' })
      }),
      { numRuns: 60, interruptAfterTimeLimit: 10_000 },
    )
  })

  test('refuses an archive without a file', async () => {
    await expect(unpack(make([]))).rejects.toMatchObject({ code: 'ERR_RESOURCE_SOURCE' })
  })

  test('stops when it is told to', async () => {
    const reason = new Error('stop')
    const archive = make([{ path: 'a', content: 'x' }])
    await expect(unpack(archive, {}, AbortSignal.abort(reason))).rejects.toThrow('stop')
  })
})

describe('links, devices and pipes', () => {
  const file: MadeEntry = { path: 'file', content: 'x' }

  test('a link is left out, and nothing of that name is made', async () => {
    const links: MadeEntry[] = [
      { path: 'to-passwd', type: '2', link: '/etc/passwd' },
      { path: 'hard', type: '1', link: '/etc/passwd' },
      file,
    ]
    const fromTar = await unpack(makeTarball(links))
    expect(fromTar).toMatchObject({ linksLeftOut: 2, files: { file: 'x' } })
    expect(readdirSync(fromTar.folder)).toEqual(['file'])
    const fromZip = await unpack(makeZip([{ path: 'up', content: '..', mode: 0o120777 }, file]))
    expect(fromZip).toMatchObject({ linksLeftOut: 1, files: { file: 'x' } })
  })

  test.each(['link/evil', 'LINK/evil', 'link', 'link/a/b'])(
    'refuses to write %s through a link',
    async (evil) => {
      const tar = makeTarball([
        { path: 'link', type: '2', link: '/tmp' },
        { path: evil, content: 'x' },
      ])
      await expect(unpack(tar)).rejects.toThrow('through a link')
      const zip = makeZip([
        { path: 'link', content: '/tmp', mode: 0o120777 },
        { path: evil, content: 'x' },
      ])
      await expect(unpack(zip)).rejects.toThrow('through a link')
    },
  )

  test('refuses a link with the name of a folder that is there', async () => {
    const tar = makeTarball([
      { path: 'a/file', content: 'x' },
      { path: 'a', type: '2', link: '/tmp' },
    ])
    await expect(unpack(tar)).rejects.toThrow('has the name of another one')
  })

  test.each(['3', '4', '6', 'Z'])('refuses an entry of the type %s', async (type) => {
    await expect(unpack(makeTarball([file, { path: 'device', type }]))).rejects.toMatchObject({
      code: 'ERR_RESOURCE_SOURCE',
    })
  })

  test('refuses a device in a zip', async () => {
    await expect(unpack(makeZip([file, { path: 'device', mode: 0o020666 }]))).rejects.toThrow('is no file')
  })
})

describe('an archive with some bytes changed', () => {
  const entries: MadeEntry[] = [
    { path: 'a/b.md', content: 'text '.repeat(100) },
    { path: `${'long/'.repeat(25)}c.md`, content: 'x' },
    { path: 'link', type: '2', link: '/etc/passwd', mode: 0o120777 },
    { path: 'd/', type: '5' },
    { path: 'e.md', content: 'y'.repeat(600) },
  ]
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 12 })

  test.each<readonly [string, Buffer, (bytes: Buffer) => Buffer]>([
    ['tar.gz', makeTar(entries), (bytes) => gzipSync(bytes)],
    ['tar.gz, packed', makeTarball(entries), (bytes) => bytes],
    ['zip', makeZip(entries), (bytes) => bytes],
  ])('%s: comes out or is refused, ends, and leaves nothing outside', async (_, whole, pack) => {
    await fc.assert(
      fc.asyncProperty(changes, async (list) => {
        const bytes = Buffer.from(whole)
        for (const [at, value] of list) bytes[at % bytes.length] = value
        const before = readdirSync(base).length
        await unpack(pack(bytes)).then(
          ({ folder }) => {
            for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
              expect(lstatSync(join(folder, name)).isSymbolicLink()).toBe(false)
          },
          (error: unknown) => expect(error).toMatchObject({ code: 'ERR_RESOURCE_SOURCE' }),
        )
        expect(readdirSync(base)).toHaveLength(before + 2)
      }),
      { numRuns: 80, interruptAfterTimeLimit: 10_000 },
    )
  })
})

describe('archives that lie', () => {
  test('a zip whose table names a smaller size is refused, not written further', async () => {
    const zip = makeZip([{ path: 'big', content: 'x'.repeat(500_000), claimedSize: 10 }])
    await expect(unpack(zip)).rejects.toMatchObject({ code: 'ERR_RESOURCE_SOURCE' })
  })

  test('a zip with one byte changed is refused', async () => {
    const zip = makeZip([{ path: 'a', content: 'x'.repeat(50) }])
    zip.writeUInt32LE(12345, 14)
    zip.writeUInt32LE(12345, zip.lastIndexOf('PK\x01\x02', undefined, 'latin1') + 16)
    await expect(unpack(zip)).rejects.toThrow('is damaged')
  })

  test('a tar that was packed twice is not unpacked twice', async () => {
    const twice = gzipSync(makeTarball([{ path: 'a', content: 'x' }]))
    await expect(unpack(twice)).rejects.toThrow('it is packed twice')
  })

  test('what follows the end of a tar is counted, and kept by nobody', async () => {
    const tail = Buffer.concat([makeTar([{ path: 'a', content: 'x' }]), Buffer.alloc(60 * 1024 * 1024)])
    const started = performance.now()
    await expect(unpack(gzipSync(tail))).rejects.toThrow('more than 100 times larger')
    expect((await unpack(gzipSync(tail.subarray(0, 900_000)))).files).toEqual({ a: 'x' })
    expect(performance.now() - started).toBeLessThan(15_000)
  })

  test('a header that claims more than comes is refused', async () => {
    const tar = makeTarball([{ path: 'a', content: 'x', claimedSize: 1_000_000 }])
    await expect(unpack(tar)).rejects.toMatchObject({ code: 'ERR_RESOURCE_SOURCE' })
  })

  test('what is no archive is refused, whatever it is called', async () => {
    await expect(unpack(Buffer.from('#!/bin/sh\necho hello\n'))).rejects.toThrow(
      'neither a .tar.gz nor a .zip',
    )
    await expect(unpack(gzipSync('just text, but packed'))).rejects.toMatchObject({
      code: 'ERR_RESOURCE_SOURCE',
    })
  })

  test('a name that would play with a terminal is shown escaped', async () => {
    const error: unknown = await unpack(makeTarball([{ path: '\u001b]0;hi\u0007/../x' }])).catch(
      (e: unknown) => e,
    )
    expect((error as Error).message).toMatch(/^[\x20-\x7e]*$/)
  })
})

/** False where one path is another one's folder. */
function isTree(files: Record<string, unknown>): boolean {
  const paths = Object.keys(files)
  return paths.every((path) => !paths.some((other) => other.startsWith(`${path}/`)))
}
