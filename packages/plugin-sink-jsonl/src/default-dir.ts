import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where traces go when no folder is configured: to `HALTER_HOME`, else where the system keeps a user's data. */
export function defaultDir(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
): string {
  if (env['HALTER_HOME']) return join(env['HALTER_HOME'], TRACES)
  const local = join(homedir(), platform === 'win32' ? 'AppData/Local' : '.local/share')
  return join(env[platform === 'win32' ? 'LOCALAPPDATA' : 'XDG_DATA_HOME'] || local, 'halter', TRACES)
}

const TRACES = 'traces'
