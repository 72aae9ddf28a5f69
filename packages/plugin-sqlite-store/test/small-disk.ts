import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A disk of 2 MiB that only the command run in it sees; needs Linux, and the right to make name spaces. */
const INSIDE = [
  '--user',
  '--map-root-user',
  '--mount',
  'sh',
  '-c',
  'mount -t tmpfs -o size=2m none "$0" && exec "$@"',
]

/** Runs a program of `children/` with a small disk as its argument, and returns what it prints. */
export function onSmallDisk(child: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'halter-disk-'))
  const program = join(import.meta.dirname, 'children', child)
  try {
    return execFileSync('unshare', [...INSIDE, folder, process.execPath, program, folder], {
      encoding: 'utf8',
    })
  } finally {
    rmdirSync(folder)
  }
}

/** Whether this system has such disks, for us. */
export function hasSmallDisks(): boolean {
  try {
    // Any folder will do: the disk is laid over it in a name space of its own.
    execFileSync('unshare', [...INSIDE, import.meta.dirname, 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
