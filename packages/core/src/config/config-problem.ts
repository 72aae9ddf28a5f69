import { HalterError, type ErrorCode } from '../errors.ts'

/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** The file, or the environment variable, that says it. */
  readonly source: string
  /** Where in it, such as `limits.steps`; absent when the whole file is meant. */
  readonly key?: string
  readonly value?: unknown
  readonly problem: string
  readonly cure: string
}

/** One error for all problems, so that nobody has to run again to see the next one. `data.problems` has them as data. */
export function configError(
  problems: readonly ConfigProblem[],
  code: ErrorCode = 'ERR_CONFIG',
  cause?: unknown,
): HalterError {
  const lines = problems.map((problem) => `  ${describeProblem(problem)}`)
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`
  return new HalterError(code, `The configuration cannot be used (${count}):\n${lines.join('\n')}`, {
    cause,
    data: { problems },
  })
}

function describeProblem({ source, key, value, problem, cure }: ConfigProblem): string {
  const place = key === undefined ? source : `${source}: "${key}"`
  const shown = value === undefined ? '' : ` (it is ${showValue(value)})`
  return `${place} ${problem}${shown}. ${cure}`
}

/** A value in at most 80 characters. */
function showValue(value: unknown): string {
  let text: string
  try {
    text = JSON.stringify(value) ?? typeof value
  } catch {
    text = `a ${typeof value}`
  }
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`
}
