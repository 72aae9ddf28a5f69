import { readFileSync } from 'node:fs'
import { CONFIG_SCHEMA } from '@halter/core/host'
import { EVENT_VERSIONS } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { ENVIRONMENT_KEYS } from '../../core/src/config/environment-layer.ts'
import { PROJECT_FILES } from '../../core/src/config/find-config.ts'
import { HOOK_RULES } from '../../core/src/kernel/hooks.ts'
import { COMMANDS } from '../src/cli/command-table.ts'

const page = (name: string): string =>
  readFileSync(new URL(`../../../docs/${name}.md`, import.meta.url), 'utf8')

/** Everything in backticks in the first cells of a page's tables. */
function firstCells(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .flatMap((line) => Array.from(line.split('|')[1]!.matchAll(/`([^`]+)`/g), ([, name]) => name!))
}

test('docs/events.md has every stored event, and no other', () => {
  expect(firstCells(page('events')).toSorted()).toEqual(Object.keys(EVENT_VERSIONS).toSorted())
})

test('docs/hooks.md has every hook, and no other', () => {
  const named = firstCells(page('hooks')).filter((name) => /^\w+\.(transform|guard|start|end)$/.test(name))
  expect(named.toSorted()).toEqual(Object.keys(HOOK_RULES).toSorted())
})

describe('docs/config.md', () => {
  test('has every key, and no other', () => {
    const tables = page('config').split('## Environment')[0]!.split('## Keys')[1]!
    // `limits.tokens`, `.usd` in one cell: the second one lacks what it shares with the first.
    let parent = ''
    const named = firstCells(tables).map((name) => {
      if (name.startsWith('.')) return parent + name
      parent = name.split('.')[0]!
      return name
    })
    expect(named.toSorted()).toEqual(configKeys().toSorted())
  })

  test('has every variable', () => {
    const text = page('config')
    expect(Object.keys(ENVIRONMENT_KEYS).filter((name) => !text.includes(`\`${name}\``))).toEqual([])
  })

  test('has every name of a file', () => {
    const text = page('config')
    const missing = PROJECT_FILES.filter((name) => {
      const ending = name.slice('halter.config'.length)
      return (
        !text.includes(`\`${name}\``) && !(name.startsWith('halter.config') && text.includes(`\`${ending}\``))
      )
    })
    expect(missing).toEqual([])
  })
})

test('docs/cli.md has every command and every option', () => {
  const text = page('cli')
  const missing = COMMANDS.flatMap(({ name, options }) => [
    name,
    ...Object.keys(options).map((option) => `--${option}`),
  ]).filter((word) => !text.includes(word))
  expect(missing).toEqual([])
})

function configKeys(): string[] {
  const { properties } = CONFIG_SCHEMA as unknown as { properties: Record<string, { properties?: object }> }
  return Object.entries(properties).flatMap(([key, { properties: inner }]) =>
    inner ? Object.keys(inner).map((name) => `${key}.${name}`) : [key],
  )
}
