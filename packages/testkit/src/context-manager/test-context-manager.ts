import { testRules } from '../test-rules.ts'
import type { ContextManagerHarness } from './harness.ts'
import { contextManagerRules } from './rules.ts'

/**
 * Proves that a context manager keeps its contract: one vitest test per rule. Call it at the top of a test file; it is the whole
 * conformance test of an implementation.
 */
export function testContextManager(name: string, harness: ContextManagerHarness): void {
  testRules(`${name} keeps the contract of a context manager`, contextManagerRules, harness)
}
