import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scratchFolder } from './open-store.ts'

/** A small disk that only the commands run in it see; needs Linux, and the right to make name spaces. */
const [unshare, ...inside] = [
  'unshare',
  '--user',
  '--map-root-user',
  '--mount',
  'sh',
  '-c',
  'mount -t tmpfs -o size=2m none "$0" && exec "$@"',
]

test.skipIf(!hasSmallDisks())(
  'a full disk refuses a commit as a whole, leaves everything readable, and takes it when there is room',
  () => {
    const folder = scratchFolder()
    const child = join(import.meta.dirname, 'children', 'fill-disk.ts')
    const output = execFileSync(unshare, [...inside, folder, process.execPath, child, folder], {
      encoding: 'utf8',
    })
    const report = JSON.parse(output) as { head: number }
    expect(report.head).toBeGreaterThan(100)
    expect(report).toEqual({
      code: 'ERR_STORE_FULL',
      head: report.head,
      readable: report.head,
      listed: 1,
      after: report.head + 2,
      whole: report.head + 2,
    })
  },
)

function hasSmallDisks(): boolean {
  try {
    // Any folder will do: the disk is laid over it in a name space of its own.
    execFileSync(unshare, [...inside, import.meta.dirname, 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
