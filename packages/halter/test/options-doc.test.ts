import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Plugin } from '@halter/core'
import memoryStore from '@halter/plugin-memory-store'
import presetDefault from '@halter/preset-default'
import { describe, expect, test } from 'vitest'
import sinkJsonl from '../../plugin-sink-jsonl/src/index.ts'
import { optionRows, pluginSection, withoutAlignment } from './options-page.ts'

const PAGE = fileURLToPath(new URL('../../../docs/options.md', import.meta.url))
const plugins: readonly Plugin[] = [
  ...presetDefault.plugins.map((entry) => ('name' in entry ? entry : entry[0])),
  memoryStore,
  sinkJsonl,
]

describe('docs/options.md', () => {
  test('says of every option what its schema says (UPDATE_DOCS=1 writes it)', () => {
    const page = readFileSync(PAGE, 'utf8')
    // What is above the first plugin was written by people.
    const [preface] = page.split('\n## ')
    const expected = [`${preface!.trimEnd()}\n`, ...plugins.map(pluginSection)].join('\n')
    if (process.env['UPDATE_DOCS']) writeFileSync(PAGE, expected)
    else
      expect(
        withoutAlignment(page),
        'Run "UPDATE_DOCS=1 npm test packages/halter/test/options-doc.test.ts" to write docs/options.md anew.',
      ).toBe(withoutAlignment(expected))
  })

  test.each(plugins.map((plugin) => [plugin.name, plugin] as const))(
    'every option of %s says what it decides, in one short line that fits into a message',
    (_, plugin) => {
      const wrong = optionRows(plugin).filter(
        ({ schema: { description = '' } }) => !/^(?:[a-z]|US )[^\n]{4,109}(?<!\.)$/.test(description),
      )
      expect(wrong.map(({ key, schema }) => `${key}: ${schema.description}`)).toEqual([])
    },
  )
})
