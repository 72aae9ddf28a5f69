import { expect, test } from 'vitest'
import { isPlugin } from '@halter/core'
import plugin from '@halter/plugin-memory-store'

test('the plugin fills the slot of the session store and takes no options', () => {
  expect(isPlugin(plugin)).toBe(true)
  expect(plugin).toMatchObject({
    name: '@halter/plugin-memory-store',
    provides: ['sessionStore'],
    requires: [],
  })
  expect(plugin.config).toBeUndefined()
})
