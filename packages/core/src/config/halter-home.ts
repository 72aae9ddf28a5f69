import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/**
 * The folder of everything that halter keeps outside a project: the user's configuration, what they trusted, sessions.
 * `HALTER_HOME`, or `halter` in the user's data folder (`XDG_DATA_HOME`, `~/.local/share`; on Windows `%LOCALAPPDATA%`).
 */
export function halterHome(env: NodeJS.ProcessEnv = process.env): string {
  const { HALTER_HOME, XDG_DATA_HOME, LOCALAPPDATA } = env
  if (HALTER_HOME) return resolve(HALTER_HOME)
  if (process.platform === 'win32') return join(LOCALAPPDATA || join(homedir(), 'AppData', 'Local'), 'halter')
  return join(XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'halter')
}
