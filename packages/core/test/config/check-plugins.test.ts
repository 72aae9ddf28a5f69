import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkPlugins } from '../../src/config/check-plugins.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import { definePlugin } from '../../src/define-plugin.ts'
import { isHalterError } from '../../src/errors.ts'
import { REQUIRED_SLOTS } from '../../src/contracts/services.ts'

const core = JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)
/** Fills everything that must be filled, and gives way. */
const rest = definePlugin({
  name: 'acme-rest',
  apiVersion: 1,
  provides: REQUIRED_SLOTS,
  setup: () => ({}) as never,
})

let base: string
beforeEach(() => (base = realpathSync(mkdtempSync(join(tmpdir(), 'halter-plan-')))))
afterEach(() => rmSync(base, { recursive: true }))

function plugin(name: string, manifest: string): string {
  writeFileSync(
    join(base, `${name}.mjs`),
    `import { definePlugin } from ${core}
     export default definePlugin({ name: '${name}', apiVersion: 1, ${manifest} setup() { throw new Error('it was started') } })`,
  )
  return `./${name}.mjs`
}

/** Writes the plugins into a file, and says why they cannot start. */
async function check(plugins: readonly unknown[]): Promise<{ message: string; code: string } | undefined> {
  const file = join(base, 'halter.config.json')
  writeFileSync(file, JSON.stringify({ plugins }))
  const config = await loadConfig({
    explicit: file,
    isAlone: true,
    defaults: { presets: [{ name: 'rest', plugins: [rest] }] },
  })
  try {
    await checkPlugins(config)
    return undefined
  } catch (error) {
    if (!isHalterError(error)) throw error
    return error
  }
}

test('plugins that fit are planned, and none is started', async () => {
  expect(await check([plugin('acme-a', "provides: ['sessionStore'],")])).toBeUndefined()
})

test('two fillers of one slot: both, with the entries that name them', async () => {
  const found = await check([
    plugin('acme-a', "provides: ['sessionStore'],"),
    plugin('acme-b', "provides: ['sessionStore'],"),
  ])
  expect(found?.code).toBe('ERR_SERVICE_DUPLICATE')
  expect(found?.message).toContain('both provide "sessionStore"')
  expect(found?.message).toContain(`acme-a is in ${base}/halter.config.json: "plugins[0]"`)
  expect(found?.message).toContain(`acme-b is in ${base}/halter.config.json: "plugins[1]"`)
})

test('a circle: the way around, with the entries', async () => {
  const found = await check([plugin('acme-a', "after: ['acme-b'],"), plugin('acme-b', "after: ['acme-a'],")])
  expect(found?.code).toBe('ERR_PLUGIN_CYCLE')
  expect(found?.message).toMatch(/acme-a.*acme-b/)
  expect(found?.message).toContain('"plugins[0]"')
  expect(found?.message).toContain('"plugins[1]"')
})

test('a service that nobody provides, and wrong options: all at once, secrets masked', async () => {
  const found = await check([
    plugin('acme-a', "requires: ['acmeIndex'],"),
    [
      plugin('acme-b', "config: { type: 'object', properties: { n: { type: 'integer' } } },"),
      { n: 'x', token: 'hunter2' },
    ],
  ])
  expect(found?.message).toContain('2 problems')
  expect(found?.message).toContain('acme-a requires "acmeIndex"')
  expect(found?.message).toContain('The options of acme-b do not work')
  expect(found?.message).toContain('"plugins[1]", with {"n":"x","token":"•••"}')
  expect(found?.message).not.toContain('hunter2')
})
