import { findExecutable } from '@halter/child-processes'
import { delimiter } from 'node:path'
import { failure } from '../failure.ts'

/** The shell that runs commands: the first `bash` in the path, or else the first `sh`. */
export async function findShell(path: string | undefined): Promise<string> {
  const shell = await findExecutable(['bash', 'sh'], [path, '/bin', '/usr/bin'].join(delimiter))
  if (shell !== undefined) return shell
  throw failure(
    'No shell was found: neither bash nor sh is in the PATH. Commands cannot run on this machine.',
  )
}
