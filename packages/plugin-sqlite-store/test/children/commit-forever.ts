// Commits to three sessions at once until it is killed, and tells of each commit once it is acknowledged.
// Arguments: path, durability, run. A line of output: session, head.
import { writeSync } from 'node:fs'
import { SqliteSessionStore } from '@halter/plugin-sqlite-store'
import { sampleSession } from '@halter/testkit/rules'
import { batchOf, sessionsOf } from './batches.ts'

const [path = '', durability = '', run = ''] = process.argv.slice(2)
const store = await SqliteSessionStore.open({
  path,
  durability: durability === 'power' ? 'power' : 'process',
})
await Promise.all(sessionsOf(run).map(commitForever))

async function commitForever(sessionId: string): Promise<never> {
  let { head } = await store.create(sampleSession({ sessionId }))
  for (let number = 0; ; number++) {
    const result = await store.commit(sessionId, batchOf(sessionId, number, head))
    head = result.head
    // Written at once: what the parent reads was acknowledged before the kill.
    writeSync(1, `${sessionId} ${head}\n`)
  }
}
