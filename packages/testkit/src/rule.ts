/**
 * One sentence of a contract, and how to find out whether an implementation keeps it. Rules are data: every suite is a list
 * of them, any test runner can run them, and a report can name them.
 */
export interface Rule<Harness> {
  /** A claim about behaviour: `a stale head is refused`. Unique in its suite. */
  readonly name: string
  /**
   * Why this implementation need not keep the rule ("the store has no fork"), or undefined when it must. Absent: every
   * implementation must.
   */
  readonly skip?: (harness: Harness) => Promise<string | undefined>
  /** Resolves when the rule is kept; rejects with what was found instead. */
  readonly run: (harness: Harness) => Promise<void>
}

/** What became of one rule. */
export interface RuleOutcome {
  readonly name: string
  readonly status: 'kept' | 'broken' | 'skipped'
  /** Why it was skipped. */
  readonly reason?: string
  /** What showed that it is broken. */
  readonly error?: unknown
}

/** Runs rules one after the other, without a test runner. Never rejects for a broken rule: the outcome says it. */
export async function checkRules<Harness>(
  rules: readonly Rule<Harness>[],
  harness: Harness,
): Promise<readonly RuleOutcome[]> {
  const outcomes: RuleOutcome[] = []
  for (const rule of rules) outcomes.push(await checkRule(rule, harness))
  return outcomes
}

async function checkRule<Harness>(rule: Rule<Harness>, harness: Harness): Promise<RuleOutcome> {
  const { name } = rule
  try {
    const reason = await rule.skip?.(harness)
    if (reason !== undefined) return { name, status: 'skipped', reason }
    await rule.run(harness)
    return { name, status: 'kept' }
  } catch (error) {
    return { name, status: 'broken', error }
  }
}
