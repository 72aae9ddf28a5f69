import { access, constants } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { failure } from '../failure.ts'

/** The shell that runs commands: the first `bash` in the path, or else the first `sh`. */
export async function findShell(path: string | undefined): Promise<string> {
  // A relative entry would find a shell in whatever folder we stand in.
  const folders = [
    ...(path ?? '').split(delimiter).filter((folder) => isAbsolute(folder)),
    '/bin',
    '/usr/bin',
  ]
  const ending = process.platform === 'win32' ? '.exe' : ''
  for (const name of ['bash', 'sh'])
    for (const folder of folders) {
      const file = join(folder, name + ending)
      if (await isExecutable(file)) return file
    }
  throw failure(
    'No shell was found: neither bash nor sh is in the PATH. Commands cannot run on this machine.',
  )
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}
