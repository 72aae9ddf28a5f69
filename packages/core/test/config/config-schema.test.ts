import { describe, expect, test } from 'vitest'
import { checkConfig } from '../../src/config/check-config.ts'
import { CONFIG_SCHEMA } from '../../src/config/config-schema.ts'
import { validate } from '../../src/schema.ts'

const GOOD: readonly unknown[] = [
  {},
  { $schema: './node_modules/halter/config.schema.json' },
  { model: 'demo', models: { plan: 'a', subagent: 'b', small: 'c' }, effort: 'max', temperature: 0 },
  { plugins: ['a', './b.ts', ['c', { x: 1 }], ['d', null]], presets: [] },
  { limits: { steps: 1, tokens: 1, usd: 0.01, timeMs: 1, depth: 0, fanOut: 0 }, maxOutputTokens: 1 },
  { timeouts: { setup: 1, tap: 1, cleanup: 1, tool: 1, modelSilence: 1, interruptGrace: 1 } },
  { systemPrompt: '', appendSystemPrompt: 'x', maxModelTries: 1 },
]
const BAD: readonly unknown[] = [
  { modle: 'x' },
  { limits: { stesp: 1 } },
  { limits: { steps: 0 } },
  { limits: { steps: 1.5 } },
  { limits: { usd: 0 } },
  { limits: null },
  { model: '' },
  { model: 3 },
  { effort: 'hihg' },
  { temperature: 2.5 },
  { plugins: 'x' },
  { plugins: [['a', {}, 1]] },
  { plugins: [3] },
  { presets: [{}] },
  { timeouts: { setup: '5s' } },
  [],
  'x',
  null,
]

// What editors complete and mark by is this schema in the hands of another checker.
describe('the published schema, read by another checker, says the same as halter', () => {
  test.each(GOOD.map((config) => [JSON.stringify(config), config] as const))(
    'of %s: fine',
    async (_, config) => {
      expect(checkConfig(config, 'x')).toEqual([])
      expect((await validate(CONFIG_SCHEMA, config)).issues).toBeUndefined()
    },
  )

  test.each(BAD.map((config) => [JSON.stringify(config), config] as const))(
    'of %s: refused',
    async (_, config) => {
      expect(checkConfig(config, 'x').length).toBeGreaterThan(0)
      expect((await validate(CONFIG_SCHEMA, config)).issues?.length).toBeGreaterThan(0)
    },
  )
})
