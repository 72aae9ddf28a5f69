import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { addEntry, pluginEntries, removeEntry, type FileEntry } from '../../src/cli/edit-config.ts'

describe('adding', () => {
  test.each([
    ['halter.config.json', '{}', '{\n  "plugins": [\n    "acme"\n  ]\n}'],
    ['halter.config.json', '{\n  "plugins": []\n}\n', '{\n  "plugins": [\n    "acme"\n  ]\n}\n'],
    [
      'halter.config.json',
      '{\n\t"model": "m",\n\t"plugins": [\n\t\t"a"\n\t]\n}\n',
      '{\n\t"model": "m",\n\t"plugins": [\n\t\t"a",\n\t\t"acme"\n\t]\n}\n',
    ],
    ['.halterrc', '{ "plugins": ["a"] }', '{\n  "plugins": [\n    "a",\n    "acme"\n  ]\n}'],
    ['.halterrc', 'model: m # mine\n', 'model: m # mine\nplugins:\n  - acme\n'],
    [
      'package.json',
      '{\n  "name": "x",\n  "halter": {\n    "model": "m"\n  }\n}\n',
      '{\n  "name": "x",\n  "halter": {\n    "model": "m",\n    "plugins": [\n      "acme"\n    ]\n  }\n}\n',
    ],
    [
      'halter.config.yaml',
      '# about this file\nmodel: m # the best\nplugins:\n  # the store\n  - a\n\nlimits:\n  steps: 5\n',
      '# about this file\nmodel: m # the best\nplugins:\n  # the store\n  - a\n  - acme\n\nlimits:\n  steps: 5\n',
    ],
    ['halter.config.yaml', '', 'plugins:\n  - acme\n'],
  ])('to %s keeps what is there: %j', (file, text, expected) => {
    expect(addEntry(file, text, 'acme')).toBe(expected)
  })

  test('to an empty YAML list keeps the comment behind it', () => {
    const text = addEntry('c.yaml', 'limits:\n  steps: 50 # calls\nplugins: []\n  # - ./mine.ts\n', [
      'acme',
      { n: 1 },
    ])
    expect(text).toContain('# calls')
    expect(text).toContain('# - ./mine.ts')
    expect(parse(text)).toEqual({ limits: { steps: 50 }, plugins: [['acme', { n: 1 }]] })
  })
})

const name = fc.stringMatching(/^[@a-z][a-z0-9/-]{0,12}$/)
const entry: fc.Arbitrary<FileEntry> = fc.oneof(
  name,
  fc.tuple(
    name,
    fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.oneof(fc.string(), fc.integer(), fc.boolean()), {
      maxKeys: 3,
    }),
  ),
)

test.each(['c.json', 'c.yaml', '.halterrc', 'package.json'])(
  'law: in %s, what is added is last, what is removed is gone, and the others stay as they are',
  (file) => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 4 }), entry, fc.nat(), (there, added, at) => {
        const begin = file === 'package.json' ? '{"halter":{}}' : file === 'c.json' ? '{}' : ''
        let text = begin
        for (const each of there) text = addEntry(file, text, each)
        text = addEntry(file, text, added)
        expect(pluginEntries(file, text)).toEqual([...there, added])
        const index = at % (there.length + 1)
        expect(pluginEntries(file, removeEntry(file, text, index))).toEqual(
          [...there, added].toSpliced(index, 1),
        )
      }),
    )
  },
)
