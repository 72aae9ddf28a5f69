import assert from 'node:assert/strict'
import type { Rule } from '../rule.ts'
import { leftoversOf, seesFiles, type LeftoverKind } from './census.ts'
import { pluginOf, runOneTurn, startWith, type PluginHarness } from './harness.ts'
import { checkManifest } from './manifest.ts'

/** What a runtime relies on in every plugin: it can be started, used, and taken away without a trace. */
export const pluginRules: readonly Rule<PluginHarness>[] = [
  {
    name: 'its manifest is one that others can rely on',
    run: async ({ entry }) => checkManifest(pluginOf(await entry())),
  },
  { name: 'a turn ends well with it', run: (harness) => useOnce(harness) },
  {
    name: 'it can be set up again after it was stopped',
    async run(harness) {
      await useOnce(harness)
      await useOnce(harness)
    },
  },
  {
    name: 'two runtimes can have it at the same time',
    skip: async ({ entry }) =>
      pluginOf(await entry()).exclusive ? 'it says that it is exclusive' : undefined,
    async run(harness) {
      const first = await startWith(harness)
      try {
        await useOnce(harness)
        await runOneTurn(first) // what the second one undid was its own
      } finally {
        await first.runtime.shutdown()
      }
    },
  },
  {
    name: 'its cleanups neither fail nor hang',
    async run(harness) {
      const started = await startWith(harness)
      await runOneTurn(started)
      await started.runtime.shutdown()
      assert.deepEqual(
        started.warnings.filter((message) => message.includes('cleanup')),
        [],
      )
    },
  },
  nothingLeft('timer', 'no timer is left when it was stopped'),
  nothingLeft('handle', 'no socket, server, watcher, worker or child process is left when it was stopped'),
  nothingLeft('listener', 'no listener on the process is left when it was stopped'),
  {
    ...nothingLeft('file', 'no file is left open when it was stopped'),
    skip: async () => (seesFiles ? undefined : 'open files cannot be counted here'),
  },
  {
    name: 'a reload without it stops it, and leaves nothing of it',
    run: (harness) => assertNothingLeft(() => reloadWithout(harness)),
  },
  {
    name: 'when another plugin fails to start after it, nothing of it is left',
    run: (harness) => assertNothingLeft(() => failAfter(harness)),
  },
]

function nothingLeft(kind: LeftoverKind, name: string): Rule<PluginHarness> {
  return { name, run: (harness) => assertNothingLeft(() => useOnce(harness), kind) }
}

async function assertNothingLeft(work: () => Promise<void>, kind?: LeftoverKind): Promise<void> {
  await work() // once before: what is loaded for the first time may stay
  const left = await leftoversOf(work, kind)
  assert.deepEqual(
    left.map(({ what }) => what),
    [],
    'it leaves something behind',
  )
}

async function useOnce(harness: PluginHarness): Promise<void> {
  const started = await startWith(harness)
  try {
    await runOneTurn(started)
  } finally {
    await started.runtime.shutdown()
  }
}

async function reloadWithout(harness: PluginHarness): Promise<void> {
  const started = await startWith(harness)
  try {
    await runOneTurn(started)
    await started.runtime.reload([])
    const { plugins } = started.runtime.describe()
    const { name } = pluginOf(await harness.entry())
    assert(
      !plugins.some((plugin) => plugin.name === name),
      `${name} is still there after a reload without it`,
    )
  } finally {
    await started.runtime.shutdown()
  }
}

async function failAfter(harness: PluginHarness): Promise<void> {
  const { definePlugin } = await import('@halter/core')
  const failing = definePlugin({
    name: '@halter/testkit/failing',
    apiVersion: 1,
    after: [pluginOf(await harness.entry()).name],
    setup: () => {
      throw new Error('This one fails on purpose.')
    },
  })
  await assert.rejects(startWith(harness, [failing]), /on purpose/)
}
