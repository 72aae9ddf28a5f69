import assert from 'node:assert/strict'
import type { Plugin, PluginEntry } from '@halter/core'
import type { TestRuntime } from '@halter/core/testing'
import { sampleId } from '../session-store/samples.ts'

/** How the suite gets at a plugin. */
export interface PluginHarness {
  /** The plugin, or the plugin and its options; asked before each start, so each may have a place of its own. */
  entry(): PluginEntry | Promise<PluginEntry>
  /** Plugins that it needs: what halter's own test services do not fill. */
  readonly beside?: readonly PluginEntry[]
}

/** A runtime with the plugin, and what it warned of. */
export interface StartedRuntime extends TestRuntime {
  readonly warnings: readonly string[]
}

/** The plugin of an entry. */
export function pluginOf(entry: PluginEntry): Plugin {
  return 'name' in entry ? entry : entry[0]
}

/** Starts the plugin among test services; `more` comes after it. */
export async function startWith(
  { entry, beside = [] }: PluginHarness,
  more: readonly PluginEntry[] = [],
): Promise<StartedRuntime> {
  const [{ createTestRuntime }, { definePlugin }] = await Promise.all([
    import('@halter/core/testing'),
    import('@halter/core'),
  ])
  const warnings: string[] = []
  const warn = (message: string): void => void warnings.push(message)
  const logger = { debug() {}, info() {}, warn, error: warn, child: () => logger }
  const listening = definePlugin({
    name: '@halter/testkit',
    apiVersion: 1,
    provides: ['logger'],
    setup: () => ({ logger }),
  })
  const tested = await entry()
  const isLogger = [tested, ...beside, ...more].some((each) => pluginOf(each).provides.includes('logger'))
  const runtime = await createTestRuntime({
    script: () => ({ text: 'It is so.' }),
    plugins: [...(isLogger ? [] : [listening]), ...beside, tested, ...more],
  })
  return { ...runtime, warnings }
}

/** A session with one turn, and the end of both. */
export async function runOneTurn({ runtime }: TestRuntime): Promise<void> {
  await using session = await runtime.newSession({ sessionId: sampleId(), model: 'test' })
  const { messages } = await session.submitTurn('Is it so?').orThrow()
  assert(
    messages.some(({ role }) => role === 'assistant'),
    'the turn ended without a reply',
  )
}
