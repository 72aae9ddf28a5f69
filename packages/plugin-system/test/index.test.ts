import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { isPlugin, type SetupContext } from '@halter/core'
import { describe, expect, test } from 'vitest'
import system from '../src/index.ts'

const source = fileURLToPath(new URL('../src/index.ts', import.meta.url))

describe('@halter/plugin-system', () => {
  test('fills each slot that it declares, and what it started ends with it', async () => {
    expect(isPlugin(system)).toBe(true)
    const cleanups: (() => void | Promise<void>)[] = []
    const filled = system.setup({
      config: { level: 'warn', format: 'text' },
      services: { providers: [] },
      defer: (cleanup: () => void) => cleanups.push(cleanup),
    } as unknown as SetupContext<unknown, never, never>)
    expect(Object.keys(filled as object).sort()).toEqual([...system.provides, ...system.contributes].sort())
    for (const cleanup of cleanups.reverse()) await cleanup()
  })

  test('every option has its default in the schema, so that no options are good options', () => {
    const { properties } = system.config as { properties: Record<string, { default?: unknown }> }
    expect(Object.values(properties).filter((property) => property.default === undefined)).toEqual([])
  })

  test('importing it loads no process, network or schema library', () => {
    const loaded = JSON.parse(
      run(`
        import { registerHooks } from 'node:module'
        const loaded = []
        registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context) } })
        await import(${JSON.stringify(source)})
        console.log(JSON.stringify(loaded))`).stdout,
    ) as string[]
    expect(loaded).toContain(new URL('../src/index.ts', import.meta.url).href)
    expect(loaded.filter((url) => /child_process|node:(net|http|crypto)|\/zod[@/]/.test(url))).toEqual([])
  })

  test('log lines go to stderr and leave stdout to data', () => {
    const { stdout, stderr } = run(`
      import system from ${JSON.stringify(source)}
      const { logger } = system.setup({ config: { level: 'warn', format: 'json' }, services: {}, defer() {} })
      logger.info('not shown')
      logger.warn('shown', { a: 1 })`)
    expect(stdout).toBe('')
    expect(JSON.parse(stderr)).toMatchObject({ level: 'warn', message: 'shown', a: 1 })
  })
})

function run(program: string) {
  const child = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' })
  if (child.status !== 0) throw new Error(child.stderr)
  return child
}
