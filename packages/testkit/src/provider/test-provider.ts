import { testRules } from '../test-rules.ts'
import type { ProviderHarness } from './harness.ts'
import { providerRules } from './rules.ts'

/**
 * Proves that a provider keeps its contract: one vitest test per rule. Call it at the top of a test file, once per API that the
 * provider speaks.
 */
export function testProvider(name: string, harness: ProviderHarness): void {
  testRules(`${name} keeps the contract of a provider`, providerRules, harness)
}
