// Commits to one session until it has won often enough. Arguments: path, session, wins, name.
// A line of output per answer: "won <head before>", or "lost <code> <head before> <actual head>".
import { writeSync } from 'node:fs'
import { isHalterError } from '@halter/core'
import { SqliteSessionStore } from '@halter/plugin-sqlite-store'
import { sampleBatch } from '@halter/testkit/rules'

const [path = '', sessionId = '', wins = '0', name = ''] = process.argv.slice(2)
const store = await SqliteSessionStore.open({ path, durability: 'process' })
let head = (await store.load(sessionId))?.head ?? 0
for (let won = 0; won < Number(wins);) {
  try {
    const before = head
    head = (await store.commit(sessionId, sampleBatch(sessionId, head, [`${name} 1/2`, `${name} 2/2`]))).head
    writeSync(1, `won ${before}\n`)
    won++
  } catch (error) {
    const known = isHalterError(error)
    writeSync(
      1,
      `lost ${known ? error.code : String(error)} ${head} ${String(known && error.data?.['actualHead'])}\n`,
    )
    head = (await store.load(sessionId))?.head ?? 0
  }
}
await store.close()
