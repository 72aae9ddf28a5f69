import { MARK_VARIABLE } from './shell-environment.ts'

/** What the commands of a session leave to those after them. */
export interface ShellState {
  readonly workingDir: string
  /** Variables, functions, options and aliases, as the shell itself writes them down. */
  readonly definitions: string
}

/** The descriptor by which the state goes in and comes out. */
export const STATE_FD = 3
/** Bytes of state that are kept; more is no setting but a heap. */
export const MAX_STATE_BYTES = 1024 * 1024

const BASH = {
  eval: 'eval',
  // Whatever the command did to the options, nothing of this may fail the shell, or show.
  save: `shopt -p; builtin declare -p; builtin declare -f; builtin declare -F; alias -p; umask -p; set +o`,
}
const SH = {
  // Under `command`, dash survives a syntax error, and forgets variables that were given for the call alone.
  eval: 'command eval',
  save: `set; export -p; echo umask "$(umask)"; set +o`,
}

/**
 * The script of one call: takes over the state, runs the command as if it had been typed after those before it, and writes down the
 * new state. A command that ends the shell (`exit`) writes none.
 */
export function shellScript(
  command: string,
  {
    isBash,
    hasState,
    env,
  }: {
    readonly isBash: boolean
    readonly hasState: boolean
    /** Variables for this command alone. */
    readonly env: Readonly<Record<string, string>>
  },
): string {
  const words = isBash ? BASH : SH
  const restore = hasState ? `eval "$(cat <&${STATE_FD})" >/dev/null 2>&1; ` : ''
  const own = Object.entries(env).map(([name, value]) => `${name}=${quote(value)} `)
  // On one line up to the command, so that the numbers of lines in its errors are its own.
  return `${restore}${own.join('')}${words.eval} ${quote(command)} ${STATE_FD}>&-
{ set -- "$?"; unset ${MARK_VARIABLE}; pwd; printf '\\0'; ${words.save}; printf '\\0'; set +x; } >&${STATE_FD} 2>/dev/null || :
exit "$1"`
}

/** The state that a script wrote; undefined when it did not come to that. */
export function readState(text: string): ShellState | undefined {
  const [workingDir, definitions, rest] = text.split('\0')
  if (workingDir === undefined || definitions === undefined || rest === undefined) return undefined
  return { workingDir: workingDir.slice(0, -1), definitions }
}

/** A word of a shell that means these characters. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
