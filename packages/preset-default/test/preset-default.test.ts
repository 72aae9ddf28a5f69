import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { definePlugin, isPlugin } from '@halter/core'
import { createRuntime } from '@halter/core/host'
import { expect, onTestFinished, test } from 'vitest'
import presetDefault from '../src/index.ts'

/** A runtime over the preset, with a folder of its own for what it keeps. */
async function start(plugins: Parameters<typeof createRuntime>[0] = {}) {
  const home = mkdtempSync(join(tmpdir(), 'halter-preset-'))
  const before = process.env['HALTER_HOME']
  process.env['HALTER_HOME'] = home
  const runtime = await createRuntime({ presets: [presetDefault], defaultModel: 'demo', ...plugins })
  onTestFinished(async () => {
    await runtime.shutdown()
    process.env['HALTER_HOME'] = before
    rmSync(home, { recursive: true, force: true })
  })
  return runtime
}

test('starts by itself, with a plugin for every slot that a session needs', async () => {
  const { slots, collections, notStarted } = (await start()).describe()
  const fillers = Object.fromEntries(Object.entries(slots).map(([slot, { plugin }]) => [slot, plugin]))
  expect(fillers).toMatchObject({
    sessionStore: '@halter/plugin-sqlite-store',
    contextManager: '@halter/plugin-context-default',
    promptAssembler: '@halter/plugin-prompt-default',
    resources: '@halter/plugin-resources',
    hookHandlers: '@halter/plugin-hooks',
    keyValue: '@halter/plugin-keyv-storage',
    models: '@halter/plugin-system',
    clock: '@halter/plugin-system',
    budget: '@halter/plugin-system',
  })
  expect(collections['tools']).toContain('@halter/plugin-tools')
  expect(collections['providers']).toContain('@halter/plugin-provider-scripted')
  expect(collections['providers']).toContain('@halter/plugin-provider-ai-sdk')
  expect(notStarted).toEqual([])
})

test('a turn runs over it', async () => {
  const session = await (await start()).newSession({ workingDir: import.meta.dirname })
  const { status, text } = await session.submitTurn('What is here?').result
  expect(status).toBe('completed')
  expect(text).toContain('preset-default.test.ts')
})

test('gives way, slot by slot, to a plugin of the configuration', async () => {
  const clock = definePlugin({
    name: 'acme-clock',
    apiVersion: 1,
    provides: ['clock'],
    setup: () => ({
      clock: {
        now: () => 42,
        monotonic: () => performance.now(),
        sleep: async () => {},
        timer: () => () => {},
      },
    }),
  })
  const runtime = await start({ plugins: [clock] })
  const { slots } = runtime.describe()
  expect(slots['clock']?.plugin).toBe('acme-clock')
  expect(slots['models']?.plugin).toBe('@halter/plugin-system')
  expect((await runtime.newSession()).state.createdAt).toBe(42)
})

test('is a list of plugins and nothing else: importing it runs none, and loads no schema library and no SDK', () => {
  expect(presetDefault.plugins.every((entry) => isPlugin(entry))).toBe(true)
  const probe = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context) } })
    await import(${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)})
    console.log(JSON.stringify(loaded.filter((url) => /node_modules\\/(zod|yaml|cosmiconfig|@ai-sdk)\\//.test(url))))`
  const child = spawnSync(process.execPath, ['--input-type=module', '--eval', probe], { encoding: 'utf8' })
  expect(child.stderr).toBe('')
  expect(JSON.parse(child.stdout)).toEqual([])
})
