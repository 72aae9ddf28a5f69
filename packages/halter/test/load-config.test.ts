import { createRuntime, loadConfig } from 'halter'
import { expect, test } from 'vitest'
import { place, says } from './halter.ts'

test('a program that embeds halter starts with the configuration over the default plugins', async () => {
  const at = place({ 'script.json': says('from the script') })
  at.write(
    '.halterrc.yaml',
    `model: scripted/${at.cwd}/script.json\nplugins:\n  - ["@halter/plugin-tools", { tools: [glob] }]\n`,
  )
  const config = await loadConfig({
    cwd: at.cwd,
    env: { HALTER_HOME: at.home },
    trust: { isTrusted: true },
    overrides: { plugins: [['@halter/plugin-sqlite-store', { path: ':memory:' }]] },
  })
  await using runtime = await createRuntime(config.runtime)
  const { plugins } = runtime.describe()
  expect(plugins.find(({ name }) => name === '@halter/plugin-tools')?.origin).toBe('config')
  expect(plugins.some(({ name }) => name === '@halter/plugin-context-default')).toBe(true)
  const session = await runtime.newSession({ ...config.session, workingDir: at.cwd })
  expect((await session.submitTurn('hi').result).text).toBe('from the script')
})
