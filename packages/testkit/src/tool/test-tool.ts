import { testRules } from '../test-rules.ts'
import type { ToolHarness } from './harness.ts'
import { toolRules } from './rules.ts'

/** Proves that a tool keeps its contract: one vitest test per rule. Call it at the top of a test file. */
export function testTool(name: string, harness: ToolHarness): void {
  testRules(`${name} keeps the contract of a tool`, toolRules, harness)
}
