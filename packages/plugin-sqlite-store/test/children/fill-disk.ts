// Commits until the disk is full, makes room, and commits again. Arguments: a folder on a small disk.
// Output: one line of JSON with what happened.
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isHalterError } from '@halter/core'
import { SqliteSessionStore } from '@halter/plugin-sqlite-store'
import { sampleBatch, sampleSession } from '@halter/testkit/rules'

const [folder = ''] = process.argv.slice(2)
const filler = join(folder, 'filler')
writeFileSync(filler, Buffer.alloc(512 * 1024))
const store = await SqliteSessionStore.open({ path: join(folder, 'sessions.db') })
const session = sampleSession()
let { head } = await store.create(session)
let batch = sampleBatch(session.sessionId, head)
let refusal: unknown
while (refusal === undefined) {
  batch = sampleBatch(session.sessionId, head, ['x'.repeat(3000), 'y'.repeat(3000)])
  try {
    head = (await store.commit(session.sessionId, batch)).head
  } catch (error) {
    refusal = error
  }
}
const readable = (await Array.fromAsync(store.replay(session.sessionId))).length
const listed = (await store.list()).sessions.length
rmSync(filler)
const after = await store.commit(session.sessionId, batch)
const whole = (await Array.fromAsync(store.replay(session.sessionId))).length
await store.close()
console.log(
  JSON.stringify({
    code: isHalterError(refusal) && refusal.code,
    head,
    readable,
    listed,
    after: after.head,
    whole,
  }),
)
