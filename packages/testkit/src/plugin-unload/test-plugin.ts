import { testRules } from '../test-rules.ts'
import type { PluginHarness } from './harness.ts'
import { pluginRules } from './rules.ts'

/**
 * Proves that a plugin can be started, used and taken away without a trace: one vitest test per rule. Call it at the top of a test
 * file.
 */
export function testPlugin(name: string, harness: PluginHarness): void {
  testRules(`${name} keeps the contract of a plugin`, pluginRules, harness)
}
