import { passedEnvironment } from '@halter/child-processes'

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
