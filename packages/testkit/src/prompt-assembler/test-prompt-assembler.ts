import { testRules } from '../test-rules.ts'
import type { AssemblerHarness } from './harness.ts'
import { promptAssemblerRules } from './rules.ts'

/** Proves that a prompt assembler keeps its contract: one vitest test per rule. Call it at the top of a test file. */
export function testPromptAssembler(name: string, harness: AssemblerHarness): void {
  testRules(`${name} keeps the contract of a prompt assembler`, promptAssemblerRules, harness)
}
