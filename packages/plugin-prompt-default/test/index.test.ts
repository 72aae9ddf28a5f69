import { spawnSync } from 'node:child_process'
import { sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SetupContext } from '@halter/core'
import { describe, expect, test } from 'vitest'
import type { DefaultPromptAssembler } from '../src/assembler.ts'
import plugin, { type PromptOptions } from '../src/index.ts'
import { loadPreset } from '../src/load-preset.ts'

describe('@halter/plugin-prompt-default', () => {
  test('fills the assembler with the preset', () => {
    const { promptAssembler } = setup({ preset: 'coding', skills: 'listed', appendSystemPrompt: 'ADDED' })
    expect(seedOf(promptAssembler)).toEqual([loadPreset('coding'), 'ADDED'])
  })

  test('a system prompt of the options replaces the preset', () => {
    expect(
      seedOf(setup({ preset: 'general', skills: 'listed', systemPrompt: 'MINE' }).promptAssembler),
    ).toEqual(['MINE'])
  })

  test('the presets are two, and share one core', () => {
    const general = loadPreset('general')
    expect(general.length).toBeGreaterThan(1000)
    expect(loadPreset('coding').startsWith(`${general}\n\n`)).toBe(true)
    expect(loadPreset('coding')).toContain('## Verifying')
    expect(general).not.toContain('## Verifying')
  })

  test('the preset has its default in the schema', () => {
    expect(plugin.config).toMatchObject({ properties: { preset: { default: 'coding' } } })
  })

  test('on plain Node the prompts are found, and no schema library is loaded', () => {
    const source = new URL('../src/index.ts', import.meta.url)
    const program = `
      import { registerHooks } from 'node:module'
      const loaded = []
      registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context) } })
      const { default: plugin } = await import(${JSON.stringify(source.href)})
      plugin.setup({ config: { preset: 'coding' } })
      console.log(JSON.stringify(loaded))`
    const child = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
    })
    expect(child.stderr).toBe('')
    const loaded = JSON.parse(child.stdout) as string[]
    expect(loaded.map((url) => url.split('/').join(sep))).toContain(source.href.split('/').join(sep))
    expect(loaded.filter((url) => /\/zod[@/]/.test(url))).toEqual([])
    expect(fileURLToPath(source)).toContain('plugin-prompt-default')
  })
})

const blueprint = { sessionId: 's', depth: 0, model: 'm', workingDir: '/', limits: {}, metadata: {} }

function setup(config: PromptOptions) {
  const context = { config } as unknown as SetupContext<unknown, never, never>
  return plugin.setup(context) as { promptAssembler: DefaultPromptAssembler }
}

function seedOf(assembler: DefaultPromptAssembler): readonly string[] {
  const nothing = { length: 0, at: () => undefined, slice: () => [], *[Symbol.iterator]() {} }
  const { system } = assembler.assemble({
    blueprint,
    resources: {
      revision: '',
      skills: [],
      agents: [],
      commands: [],
      hooks: [],
      mcpServers: [],
      policy: [],
      instructions: [],
      warnings: [],
    },
    plan: { messages: nothing, segments: [], estimatedTokens: 0 },
    tools: [],
    environment: { workingDir: '/', platform: '', date: '' },
  } as unknown as Parameters<DefaultPromptAssembler['assemble']>[0])
  return system.map(({ text }) => text)
}
