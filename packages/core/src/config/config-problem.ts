import { HalterError, type ErrorCode } from '../errors.ts'
import { maskSecrets } from './mask-secrets.ts'

/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** The file, or the environment variable, that says it. */
  readonly source: string
  /** Where in it, such as `limits.steps`; absent when the whole file is meant. */
  readonly key?: string
  readonly value?: unknown
  readonly problem: string
  readonly cure: string
  /** What the file or module failed with. */
  readonly cause?: unknown
}

/** One error for all problems, so that nobody has to run again to see the next one. `data.problems` has them as data. */
export function configError(problems: readonly ConfigProblem[], code: ErrorCode = 'ERR_CONFIG'): HalterError {
  const lines = problems.map((problem) => `  ${describeProblem(problem)}`)
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`
  const causes = problems.flatMap(({ cause }) => (cause === undefined ? [] : [cause]))
  const cause = causes.length > 1 ? new AggregateError(causes, 'Several of them have a cause.') : causes[0]
  return new HalterError(code, `The configuration cannot be used (${count}):\n${lines.join('\n')}`, {
    cause,
    data: { problems },
  })
}

function describeProblem({ source, key, value, problem, cure }: ConfigProblem): string {
  const place = key === undefined ? source : `${source}: "${key}"`
  const shown = value === undefined ? '' : ` (it is ${showValue(namedValue(key, value))})`
  return `${place} ${problem}${shown}. ${cure}`
}

/** A value in at most 80 characters, without secrets. */
export function showValue(value: unknown): string {
  let text: string
  try {
    // JSON would write "null" for NaN and the infinities.
    text =
      typeof value === 'number' ? String(value) : (JSON.stringify(maskSecrets(value)) ?? `a ${typeof value}`)
  } catch {
    text = 'what JSON cannot show'
  }
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`
}

/** With the last name of its key, by which a secret is known: `plugins[0][1].apiKey`. */
function namedValue(key: string | undefined, value: unknown): unknown {
  const name = key?.split('.').at(-1) ?? ''
  return (maskSecrets({ [name]: value }) as Readonly<Record<string, unknown>>)[name]
}
