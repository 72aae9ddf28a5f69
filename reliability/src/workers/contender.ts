/**
 * One of several processes that commit to the same file, to one session or each to its own, as often as they are told. Its argument is a
 * `ContenderTask`. Lines: ["ready"], ["won", head before], ["lost", code, head before, actual head], ["loop", LoopFigures].
 */
import { isHalterError } from '@halter/core'
import { SqliteSessionStore } from '@halter/plugin-sqlite-store'
import { sampleBatch } from '@halter/testkit/rules'
import { setTimeout as sleep } from 'node:timers/promises'
import { LoopWatch } from './loop-watch.ts'
import { sayLine } from './say.ts'

/** What a contender is given. */
export interface ContenderTask {
  readonly store: string
  readonly sessionId: string
  readonly commits: number
  readonly name: string
  /** Milliseconds since the epoch: all begin together. */
  readonly startAt: number
}

const task = JSON.parse(process.argv[2] ?? '{}') as ContenderTask
const { sessionId, name } = task
const store = await SqliteSessionStore.open({ path: task.store })
sayLine(['ready'])
await sleep(task.startAt - Date.now())
const watch = new LoopWatch()
const lines: unknown[] = []
const begun = performance.now()
let head = (await store.load(sessionId))?.head ?? 0
for (let won = 0; won < task.commits;) {
  const before = head
  try {
    const texts = [`${name} 1/2`, `${name} 2/2 ${'.'.repeat(500)}`]
    head = (await store.commit(sessionId, sampleBatch(sessionId, head, texts))).head
    lines.push(['won', before])
    won++
  } catch (error) {
    if (!isHalterError(error)) throw error
    lines.push(['lost', error.code, before, error.data?.['actualHead']])
    head = (await store.load(sessionId))?.head ?? 0
  }
}
const figures = { ...watch.stop(), ms: performance.now() - begun }
await store.close()
// Told afterwards: a full pipe would hold the loop up as well.
for (const line of lines) sayLine(line)
sayLine(['loop', figures])
