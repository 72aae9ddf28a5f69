import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where sessions are kept when no path is configured: in `HALTER_HOME`, else where the system keeps a user's data. */
export function defaultPath(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
): string {
  if (env['HALTER_HOME']) return join(env['HALTER_HOME'], FILE)
  const local = join(homedir(), platform === 'win32' ? 'AppData/Local' : '.local/share')
  return join(env[platform === 'win32' ? 'LOCALAPPDATA' : 'XDG_DATA_HOME'] || local, 'halter', FILE)
}

const FILE = 'sessions.db'
