import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { validate } from '@halter/core'
import { CONFIG_SCHEMA } from '@halter/core/host'
import presetDefault from '@halter/preset-default'
import { describe, expect, test } from 'vitest'
import { editorSchema } from '../src/cli/config-schema.ts'

const PUBLISHED = fileURLToPath(new URL('../config.schema.json', import.meta.url))

test('the published schema is the one that is printed (UPDATE_DOCS=1 writes it)', () => {
  const schema: unknown = JSON.parse(JSON.stringify(editorSchema()))
  if (process.env['UPDATE_DOCS']) writeFileSync(PUBLISHED, `${JSON.stringify(schema, undefined, 2)}\n`)
  else
    expect(
      JSON.parse(readFileSync(PUBLISHED, 'utf8')),
      'Run "UPDATE_DOCS=1 npm test packages/halter/test/config-schema.test.ts", then "npm run format".',
    ).toEqual(schema)
})

test('but for entries of plugins it is the schema that halter checks with', () => {
  const { plugins: mine, ...others } = editorSchema()['properties'] as Record<string, object>
  const { plugins: core, ...same } = CONFIG_SCHEMA['properties'] as Record<string, object>
  expect({ ...editorSchema(), properties: others }).toEqual({ ...CONFIG_SCHEMA, properties: same })
  expect({ ...mine, items: undefined }).toEqual({ ...core, items: undefined })
})

test('the names of the plugins that halter comes with are there to choose from', () => {
  const { plugins } = editorSchema()['properties'] as {
    plugins: { items: { anyOf: { examples?: unknown }[] } }
  }
  const names = presetDefault.plugins.map((entry) => ('name' in entry ? entry : entry[0]).name)
  expect(plugins.items.anyOf[0]!.examples).toEqual(names)
})

describe('an entry of plugins, as another checker reads the schema', () => {
  test.each([
    ['@halter/plugin-tools'],
    ['@acme/store'],
    ['./mine.ts'],
    [['@halter/plugin-tools', { maxLines: 500, tools: ['read'] }]],
    [['@halter/plugin-sqlite-store', { durability: 'process' }]],
    [['@halter/plugin-provider-ai-sdk', { openai: { api: 'chat' }, anthropic: false }]],
    [['@halter/plugin-resources', { sources: ['~/a', { source: 'local', path: '/b' }] }]],
    [['@halter/plugin-provider-scripted', {}]],
    [['@acme/store', { maxLines: 'any' }]],
    [['@halter/plugin-tools-of-mine', { maxLinse: 1 }]],
    [['@acme/store', null]],
  ])('%j is fine', async (entry) => {
    expect((await validate(editorSchema(), { plugins: [entry] })).issues).toBeUndefined()
  })

  test.each([
    [['@halter/plugin-tools', { maxLinse: 500 }]],
    [['@halter/plugin-tools', { maxLines: '500' }]],
    [['@halter/plugin-tools', { tools: ['raed'] }]],
    [['@halter/plugin-sqlite-store', { durability: 'none' }]],
    [['@halter/plugin-provider-ai-sdk', { openai: { api: 'chatt' } }]],
    [['@halter/plugin-resources', { sources: [{ path: '/b' }] }]],
    [['@halter/plugin-provider-scripted', { script: 'a' }]],
    [['@halter/plugin-tools']],
    [['@acme/store', {}, 1]],
    [''],
    [3],
  ])('%j is marked', async (entry) => {
    expect((await validate(editorSchema(), { plugins: [entry] })).issues?.length).toBeGreaterThan(0)
  })
})
