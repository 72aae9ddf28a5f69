// Runs turns, each in a session of its own, over a SQLite store with the sink; a turn opens a child session.
// Arguments: folder, number of turns (0: until it is killed), "sink" or "none". A line of output per turn that has ended.
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { openTraced } from '../open-traced.ts'

const [folder = '', wanted = '0', sink = 'sink'] = process.argv.slice(2)
const turns = Number(wanted) || Infinity
const { runtime } = await openTraced(folder, { dir: sink === 'sink' ? join(folder, 'traces') : undefined })
for (let turn = 0; turn < turns; turn++) {
  await using session = await runtime.newSession()
  await session.submitTurn('Ask a child.').orThrow()
  writeSync(1, `${session.id}\n`)
}
await runtime.shutdown()
