import { linkSync, renameSync, rmSync, symlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'

// A process of its own: flips `folder` and `file` between the inside and the outside until it is killed, or its parent
// is. Every flip is one rename, so at each moment one of the two is there.
const [root, outside] = process.argv.slice(2) as [string, string]
const spare = join(root, 'spare')

function put(name: string, make: () => void): void {
  try {
    make()
    renameSync(spare, join(root, name))
  } catch {
    // What was to be linked has just been replaced. The next turn finds the new one.
    rmSync(spare, { force: true })
  }
}

for (let turn = 0, parent = process.ppid; process.ppid === parent; turn++) {
  put('folder', () => symlinkSync(outside, spare))
  put('file', () => symlinkSync(join(outside, 'secret.txt'), spare))
  put('folder', () => symlinkSync('real', spare))
  put('file', () => linkSync(join(root, 'real/secret.txt'), spare))
  if (turn === 0) writeSync(1, 'flipping\n')
}
