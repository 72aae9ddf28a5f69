import { access, constants } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'

/** The first of `names` that can be run from a folder of `path`, as the variable PATH has it; undefined: none. */
export async function findExecutable(
  names: readonly string[],
  path: string | undefined,
): Promise<string | undefined> {
  // A relative entry would find a program in whatever folder we stand in.
  const folders = (path ?? '').split(delimiter).filter((folder) => isAbsolute(folder))
  const ending = process.platform === 'win32' ? '.exe' : ''
  for (const name of names)
    for (const folder of folders) {
      const file = join(folder, name + ending)
      if (await isExecutable(file)) return file
    }
  return undefined
}

/** Whether a file is there and may be run. */
export async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}
