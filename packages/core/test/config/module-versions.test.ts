import { execFileSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const source = (name: string): string => JSON.stringify(new URL(`../../src/${name}.ts`, import.meta.url).href)

/** Runs a program in a Node of its own, since a test runner loads modules by other rules, and gives what it says. */
function inNode(body: string): unknown {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'halter-versions-')))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const program = `
    import { mkdirSync, writeFileSync } from 'node:fs'
    import { dirname } from 'node:path'
    import { loadConfig } from ${source('config/load-config')}
    import { ModuleVersions } from ${source('config/module-versions')}
    const versions = new ModuleVersions()
    const write = (name, text) => {
      mkdirSync(dirname(name), { recursive: true })
      writeFileSync(name, text)
    }
    const plugin = (name, body = '') => \`import { definePlugin } from ${source('index').replaceAll('"', "'")}
      \${body}
      export default definePlugin({ name: \${name}, apiVersion: 1, setup: () => ({}) })\`
    const load = async () => {
      const { runtime } = await loadConfig({
        env: { HALTER_HOME: ${JSON.stringify(join(folder, 'home'))} }, trust: { isTrusted: true }, overrides: { plugins: ['./plugin.ts'] }, versions,
      })
      return runtime.plugins[0]
    }
    ${body}`
  const out = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return JSON.parse(out)
}

test('an edited plugin is the new one, and one that was not edited is the very same', () => {
  expect(
    inNode(`
      write('plugin.ts', plugin("'first'"))
      const first = await load()
      const same = await load()
      write('plugin.ts', plugin("'second'"))
      const second = await load()
      const again = await load()
      console.log(JSON.stringify([first.name, same === first, second.name, again === second]))`),
  ).toEqual(['first', true, 'second', true])
})

test('a module that a plugin imports by its path counts as part of it', () => {
  expect(
    inNode(`
      write('plugin.ts', plugin('name', "import { name } from './lib/name.ts'"))
      write('lib/name.ts', "export { name } from './deeper.ts'")
      write('lib/deeper.ts', "export const name = 'first'")
      const first = await load()
      write('lib/deeper.ts', "export const name = 'second'")
      const second = await load()
      console.log(JSON.stringify([first.name, second.name]))`),
  ).toEqual(['first', 'second'])
})

test('a plugin that is broken is refused, and works again when it is repaired', () => {
  expect(
    inNode(`
      write('plugin.ts', plugin("'good'"))
      const first = await load()
      write('plugin.ts', 'export default (')
      const error = await load().catch(({ code }) => code)
      write('plugin.ts', plugin("'good'"))
      const second = await load()
      console.log(JSON.stringify([error, second.name, second === first]))`),
  ).toEqual(['ERR_PLUGIN_LOAD', 'good', true])
})
