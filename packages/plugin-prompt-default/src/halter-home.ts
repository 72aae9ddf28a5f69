import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/**
 * Where halter keeps what belongs to no project: `HALTER_HOME`, or `halter` in the user's data folder. The same rule as the
 * one for user configuration.
 */
export function halterHome(env: NodeJS.ProcessEnv): string {
  const { HALTER_HOME, XDG_DATA_HOME, LOCALAPPDATA } = env
  if (HALTER_HOME) return resolve(HALTER_HOME)
  if (process.platform === 'win32') return join(LOCALAPPDATA || join(homedir(), 'AppData', 'Local'), 'halter')
  return join(XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'halter')
}
