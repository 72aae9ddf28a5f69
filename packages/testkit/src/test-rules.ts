import { describe, test } from 'vitest'
import type { Rule } from './rule.ts'

/** One vitest test per rule; a rule that does not apply is shown as skipped, with the reason. */
export function testRules<Harness>(name: string, rules: readonly Rule<Harness>[], harness: Harness): void {
  describe(name, () => {
    for (const rule of rules)
      test(rule.name, async ({ skip }) => {
        const reason = await rule.skip?.(harness)
        if (reason !== undefined) skip(reason)
        await assertKept(rule, harness)
      })
  })
}

async function assertKept<Harness>(rule: Rule<Harness>, harness: Harness): Promise<void> {
  await rule.run(harness)
}
