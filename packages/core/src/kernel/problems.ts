import { HalterError, type ErrorCode } from '../errors.ts'

/** One thing that keeps a set of plugins from starting. */
export interface Problem {
  readonly code: ErrorCode
  /** A sentence for people. */
  readonly message: string
  readonly plugin?: string
}

/** All problems as one error: the code is the first one's, the message lists them all, `data.problems` has them apart. */
export function refusal(problems: readonly [Problem, ...Problem[]]): HalterError {
  const [first, ...others] = problems
  const message =
    others.length === 0
      ? first.message
      : `${problems.length} things keep the plugins from starting:\n${problems.map((each) => `- ${each.message}`).join('\n')}`
  return new HalterError(first.code, message, { plugin: first.plugin, data: { problems } })
}
