import assert from 'node:assert/strict'
import type { Plugin } from '@halter/core'

const LISTS = ['provides', 'contributes', 'decorates', 'requires', 'optional', 'before', 'after'] as const

/** Throws what is wrong with a manifest, as far as it can be seen without starting the plugin. */
export async function checkManifest(plugin: Plugin): Promise<void> {
  const { API_VERSION, isPlugin } = await import('@halter/core')
  assert(isPlugin(plugin), 'it is not made with definePlugin')
  const { name } = plugin
  assert.match(
    name,
    /^(@[a-z0-9-][\w.-]*\/)?[a-z0-9-][\w.-]*(\/[\w.-]+)*$/i,
    'its name is not that of a package',
  )
  assert.equal(plugin.apiVersion, API_VERSION, `${name} is for another version of the plugin API`)
  for (const list of LISTS)
    assert.equal(new Set(plugin[list]).size, plugin[list].length, `${name}: ${list} names something twice`)
  const own = new Set([...plugin.provides, ...plugin.decorates])
  assertNone(
    plugin,
    plugin.requires.filter((service) => own.has(service)),
    'requires what it fills or wraps itself',
  )
  assertNone(
    plugin,
    plugin.optional.filter((service) => plugin.requires.includes(service)),
    'lists as optional what it requires',
  )
  assertNone(
    plugin,
    [...plugin.before, ...plugin.after].filter((other) => other === name),
    'is to be set up before or after itself',
  )
  assertNone(
    plugin,
    plugin.before.filter((other) => plugin.after.includes(other)),
    'is to be set up both before and after',
  )
}

function assertNone({ name }: Plugin, wrong: readonly string[], what: string): void {
  assert.deepEqual(wrong, [], `${name} ${what}: ${wrong.join(', ')}`)
}
