import type { SessionPort } from '@halter/core'
import { SessionProcesses } from './session-processes.ts'
import type { ShellState } from './shell-script.ts'

/** The shell of a session, between two commands: what they left running, and what they left to be known. */
export class SessionShell {
  readonly processes = new SessionProcesses()
  /** Undefined before the first command, and after one that ended the shell. */
  state: ShellState | undefined
  /** The session's folder when the state began. */
  #home = ''

  /** The state for a command of a session in `home`. A session that has moved starts its shell anew. */
  stateIn(home: string): ShellState | undefined {
    if (this.#home !== home) this.state = undefined
    this.#home = home
    return this.state
  }
}

/** The shell of this session; ended with it. */
export function shellOf(session: SessionPort): SessionShell {
  return session.resource('shell', (defer) => {
    const shell = new SessionShell()
    defer(() => shell.processes.end())
    return shell
  })
}
