import { testRules } from '../test-rules.ts'
import type { StoreHarness } from './harness.ts'
import { sessionStoreRules } from './rules.ts'

/**
 * Proves that a session store keeps its contract: one vitest test per rule. Call it at the top of a test file; it is the
 * whole conformance test of an implementation.
 */
export function testSessionStore(name: string, harness: StoreHarness): void {
  testRules(`${name} keeps the contract of a session store`, sessionStoreRules, harness)
}
