import { expect, test } from 'vitest'
import { completeSettings, DEFAULT_SETTINGS, settingsSchema } from '../src/settings.ts'
import { thresholdsOf } from '../src/thresholds.ts'

test('every setting that has a default has it in the schema', () => {
  const properties = settingsSchema['properties'] as Record<string, { readonly default?: unknown }>
  const defaults = Object.entries(properties).flatMap(([name, schema]) =>
    'default' in schema ? [[name, schema.default]] : [],
  )
  expect(Object.fromEntries(defaults)).toEqual(DEFAULT_SETTINGS)
})

test.each([
  [{ compactTo: 0.9 }, 'compactTo (0.9)', 'compactAt (0.8)'],
  [{ keepRecent: 0.6 }, 'keepRecent (0.6)', 'compactTo (0.6)'],
  [{ compactionThreshold: 50_000 }, 'preCompactionTarget (60000)', 'compactionThreshold (50000)'],
])('%o contradict each other, and it is said which', (settings, lower, upper) => {
  expect(() => completeSettings(settings)).toThrow(
    `${lower} of @halter/plugin-context-default must be below ${upper}`,
  )
  expect(() => completeSettings(settings)).toThrow(expect.objectContaining({ code: 'ERR_PLUGIN_CONFIG' }))
})

test('W-17: shares are of the window of the model', () => {
  expect(thresholdsOf({ window: 200_000, maxOutput: 4000 }, DEFAULT_SETTINGS)).toMatchObject({
    compactAt: 160_000,
    compactTo: 120_000,
    keepRecent: 40_000,
    outputAtMost: 50_000,
    minimumGain: 20_000,
    room: 196_000,
  })
})

test('where the longest reply needs the room, everything is earlier', () => {
  const { compactAt, compactTo, room } = thresholdsOf({ window: 8000, maxOutput: 3000 }, DEFAULT_SETTINGS)
  expect([compactAt, room]).toEqual([5000, 5000])
  expect(compactTo).toBeCloseTo(3750)
  const half = thresholdsOf({ window: 8000, maxOutput: 8000 }, DEFAULT_SETTINGS)
  expect(half.room).toBe(4000)
})

test.each([0, Number.NaN, Number.POSITIVE_INFINITY])(
  'row 68: a model of unknown window (%d) is compacted at 80,000 tokens, down to 60,000',
  (window) => {
    const limits = thresholdsOf({ window, maxOutput: 4000 }, DEFAULT_SETTINGS)
    expect(limits).toMatchObject({ compactAt: 80_000, compactTo: 60_000, room: Infinity })
    expect(limits.keepRecent).toBe(20_000)
  },
)
