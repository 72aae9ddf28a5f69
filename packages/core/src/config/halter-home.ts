import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/**
 * The folder of everything that halter keeps outside a project: the user's configuration, what they trusted, sessions, traces.
 * `HALTER_HOME`, or `halter` in the user's data folder (`XDG_DATA_HOME`, `~/.local/share`; on Windows `%LOCALAPPDATA%`).
 */
export function halterHome(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
): string {
  if (env['HALTER_HOME']) return resolve(env['HALTER_HOME'])
  const [data, local] =
    platform === 'win32' ? [env['LOCALAPPDATA'], 'AppData/Local'] : [env['XDG_DATA_HOME'], '.local/share']
  return join(data || join(homedir(), local), 'halter')
}
