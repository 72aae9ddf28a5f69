import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Plugin } from '@halter/core'
import presetDefault from '@halter/preset-default'
import { testPlugin } from '@halter/testkit'
import { afterAll } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'halter-plugins-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Options without which a plugin would write to the folder of whoever runs the tests. */
const options: Readonly<Record<string, object>> = {
  '@halter/plugin-sqlite-store': { path: join(folder, 'sessions.db') },
}

for (const entry of presetDefault.plugins) {
  const plugin = 'name' in entry ? (entry satisfies Plugin) : entry[0]
  testPlugin(plugin.name, { entry: () => [plugin, options[plugin.name] ?? {}] })
}
