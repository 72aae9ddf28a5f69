import { describe, expect, test } from 'vitest'
import { createIds } from '../src/ids.ts'

describe('ids', () => {
  test('a session id is a UUID, and newer ones sort later where the runtime knows version 7', async () => {
    const ids = createIds()
    const made = Array.from({ length: 100 }, () => ids.next('session'))
    for (const id of made)
      expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-[47][\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
    expect(new Set(made).size).toBe(100)
    await new Promise((resolve) => setTimeout(resolve, 3))
    const later = ids.next('session')
    if (later.charAt(14) === '7') expect(made.every((id) => id < later)).toBe(true)
  })

  test('no two ids are the same, whatever they are for and whoever makes them', () => {
    const made = [createIds(), createIds()].flatMap((ids) =>
      Array.from({ length: 2000 }, (_, index) => ids.next(index % 2 ? 'message' : 'commit')),
    )
    expect(new Set(made).size).toBe(made.length)
  })

  test('an id is safe wherever model APIs, shells and URLs take one', () => {
    const ids = createIds()
    for (const kind of ['turn', 'message', 'commit', 'segment'] as const)
      expect(ids.next(kind)).toMatch(/^[a-z][\w-]{1,63}$/)
  })
})
