import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { maskSecrets } from '../../src/config/mask-secrets.ts'

const SECRET = 'c0rrect-horse'

test.each([
  [{ apiKey: SECRET }],
  [{ api_key: SECRET }],
  [{ 'x-api-key': SECRET }],
  [{ OPENAI_API_KEY: SECRET }],
  [{ accessToken: SECRET }],
  [{ token: [SECRET] }],
  [{ clientSecret: { value: SECRET } }],
  [{ db: { password: SECRET } }],
  [{ pass: SECRET }],
  [{ Authorization: `Bearer ${SECRET}` }],
  [{ headers: { 'x-anything': SECRET } }],
  [{ env: { ANYTHING: SECRET } }],
  [{ url: `redis://user:${SECRET}@host/0` }],
  [{ url: `redis://:${SECRET}@host/0` }],
  [[`postgres://a:${SECRET}@b`]],
  [{ note: `use sk-${'a1b2'.repeat(6)}c0rrect-horse` }],
])('%j is shown without its secret', (value) => {
  expect(JSON.stringify(maskSecrets(value))).not.toContain(SECRET)
})

test.each([
  [{ maxOutputTokens: 4096 }],
  [{ tokensPerMinute: 5 }],
  [{ tokenEstimator: 'chars' }],
  [{ limits: { tokens: 5 } }],
  [{ url: 'redis://127.0.0.1:6379' }],
  [{ path: './keys.json', monkey: 1 }],
  [{ requireToken: true }],
])('%j is shown as it is', (value) => {
  expect(maskSecrets(value)).toEqual(value)
})

test('what is no plain data is named, and a circle stays one', () => {
  const value: Record<string, unknown> = { client: new Map() }
  value['self'] = value
  const masked = maskSecrets(value) as Record<string, unknown>
  expect(masked['client']).toBe('[Map]')
  expect(masked['self']).toBe(masked)
})

test('law: the value given is never changed, and nothing under a secret name survives', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), (rest) => {
      const value = { rest, apiKey: SECRET }
      const before = structuredClone(value)
      expect(JSON.stringify(maskSecrets(value))).not.toContain(SECRET)
      expect(value).toEqual(before)
    }),
  )
})
