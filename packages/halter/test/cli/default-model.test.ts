import type { LayerName, Origin } from '@halter/core/host'
import { expect, test } from 'vitest'
import { defaultModel, missingKey } from '../../src/cli/default-model.ts'

const keys = { ANTHROPIC_API_KEY: 'k', OPENAI_API_KEY: 'k' }
const nobody = { model: 'default', presets: 'default' } as const

test('keys count where nobody has said which plugins there are', () => {
  expect(defaultModel(said(nobody), keys)).toMatchObject({ variable: 'ANTHROPIC_API_KEY' })
  expect(defaultModel(said({ ...nobody, presets: 'project' }), keys)).toEqual({ model: 'demo' })
  const plugin = { 'plugins.@halter/plugin-provider-ai-sdk': 'user' } as const
  expect(defaultModel(said({ ...nobody, ...plugin }), keys)).toEqual({ model: 'demo' })
  expect(defaultModel(said({ ...nobody, 'plugins.acme': 'user' }), keys)).toMatchObject({
    variable: 'ANTHROPIC_API_KEY',
  })
})

test('a model that any layer names is left alone', () => {
  for (const layer of ['user', 'project', 'explicit', 'environment', 'programmatic'] as const)
    expect(defaultModel(said({ ...nobody, model: layer }), keys)).toBeUndefined()
})

test('a key is missed only for a model of an API that wants it', () => {
  expect(missingKey('anthropic/x', { OPENAI_API_KEY: 'k' })).toMatch(/^ANTHROPIC_API_KEY is not set/)
  expect(missingKey('anthropic/x', keys)).toBeUndefined()
  expect(missingKey('google/x', {})).toBeUndefined()
  expect(missingKey(undefined, {})).toBeUndefined()
})

function said(layers: Readonly<Record<string, LayerName>>): { origins: ReadonlyMap<string, Origin> } {
  const origins = Object.entries(layers).map(([key, layer]) => [key, { layer, source: layer }] as const)
  return { origins: new Map(origins) }
}
