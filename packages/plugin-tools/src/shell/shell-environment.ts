import { passedEnvironment } from '@halter/child-processes'
import { failure } from '../failure.ts'

/** Names the processes of a call, so that they are found wherever they hide. */
export const MARK_VARIABLE = 'HALTER_SHELL_MARK'

/** The environment of a command: a few variables of this process, what the options add, and the mark. No API key gets in. */
export function shellEnvironment(
  own: NodeJS.ProcessEnv,
  added: Readonly<Record<string, string>>,
  mark: string,
): Record<string, string> {
  return { ...passedEnvironment(own), ...added, [MARK_VARIABLE]: mark }
}

/**
 * The variables that a call brings.
 * @throws HalterError `ERR_TOOL_FAILED` for a name that no shell has, or the mark's.
 */
export function checkEnvironment(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const wrong = Object.keys(env).find(
    (name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || name === MARK_VARIABLE,
  )
  if (wrong === undefined) return env
  throw failure(`"${wrong}" is no name for a variable here. Use letters, digits and "_", and no digit first.`)
}
