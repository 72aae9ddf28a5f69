// A tenth of `npm run test:crash`, whose figures are in docs/reliability.md.
import { describe, expect, test } from 'vitest'
import { damage } from '../src/sections/damage.ts'
import { brokenBy, circumstances } from './broken-by.ts'

describe(circumstances, { timeout: 180_000 }, () => {
  test('damage of any kind is named with session and event, invents nothing, and hurts nobody else', async () => {
    expect(await brokenBy(damage)).toEqual([])
  })
})
