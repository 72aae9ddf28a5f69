import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { EVENT_VERSIONS } from '../src/index.ts'
import { eventSamples, liveSamples } from './support/samples.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

describe('the README', () => {
  const rows = tableUnder('## Stored events')

  test('has a row for every stored event, and no other', () => {
    expect(rows.map(([type]) => type)).toEqual(Object.keys(EVENT_VERSIONS).map((type) => `\`${type}\``))
  })

  test.each(rows.map(([type, payload]) => [type!, payload!]))(
    'names the payload of %s key by key',
    (type, payload) => {
      const [least, most] = eventSamples.filter((event) => `\`${event.type}\`` === type)
      const envelope = ['sessionId', 'seq', 'at', 'type', 'v']
      const keys = Object.keys(most!).filter((key) => !envelope.includes(key))
      const named = Array.from(payload.matchAll(/`(\w+)(\?)?`/g), ([, key, optional]) => ({
        key: key!,
        isOptional: optional !== undefined,
      }))
      const documented = keys.map((key) => ({ key, isOptional: !Object.hasOwn(least!, key) }))
      expect(sorted(named)).toEqual(sorted(documented))
    },
  )

  test('names every live event', () => {
    const named = tableUnder('## Live events').flatMap(([types]) => types!.match(/[\w.]+/g))
    expect(named).toEqual(Object.keys(liveSamples))
  })

  test('has a row for each of the 18 kinds of the Rust halter, leading to events that exist', () => {
    const kinds = tableUnder('## Coming from the Rust halter')
    expect(new Set(kinds.map(([kind]) => kind)).size).toBe(18)
    const known = new Set([...Object.keys(EVENT_VERSIONS), ...Object.keys(liveSamples)])
    const named = kinds.flatMap(([, here]) =>
      Array.from(here!.matchAll(/`(\w+\.\w+|lagged)`/g), ([, type]) => type!),
    )
    expect(named.filter((type) => !known.has(type))).toEqual([])
  })
})

/** The cells of the first table after a heading, without its head. */
function tableUnder(heading: string): readonly (readonly string[])[] {
  const lines = readme.slice(readme.indexOf(`${heading}\n`)).split('\n')
  const start = lines.findIndex((line) => line.startsWith('|'))
  const length = lines.slice(start).findIndex((line) => !line.startsWith('|'))
  return lines.slice(start + 2, start + length).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  )
}

function sorted(keys: readonly { readonly key: string; readonly isOptional: boolean }[]) {
  return keys.toSorted((a, b) => a.key.localeCompare(b.key))
}
