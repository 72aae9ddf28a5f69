import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const NAME = /^halter-transcripts-(\d+)-\w+$/

/** A new folder that nobody else can look into, named for this process. `parent`: default the system's for temporary files. */
export function openFolder(parent: string = tmpdir()): Promise<string> {
  return mkdtemp(join(parent, `halter-transcripts-${process.pid}-`))
}

/** Deletes the folders that killed processes of this user left in `parent`. Never rejects: they can wait for the next time. */
export async function sweepFolders(parent: string = tmpdir()): Promise<void> {
  const names = await readdir(parent).catch(() => [])
  for (const name of names) {
    const pid = NAME.exec(name)?.[1]
    if (pid === undefined || isAlive(Number(pid))) continue
    const path = join(parent, name)
    const found = await lstat(path).catch(() => undefined)
    // Somebody else's is somebody else's, whatever it is called.
    if (!found?.isDirectory() || found.uid !== process.getuid?.()) continue
    await rm(path, { recursive: true, force: true }).catch(() => {})
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
