import { testRules } from '../test-rules.ts'
import type { SinkHarness } from './harness.ts'
import { eventSinkRules } from './rules.ts'

/**
 * Proves that an event sink keeps its contract: one vitest test per rule. Call it at the top of a test file; it is the whole
 * conformance test of an implementation.
 */
export function testEventSink(name: string, harness: SinkHarness): void {
  testRules(`${name} keeps the contract of an event sink`, eventSinkRules, harness)
}
