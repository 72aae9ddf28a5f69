/**
 * A process that writes to one session after the other, without a pause, until each is taken from it. Its argument is a `HolderTask`.
 * Lines: ["holding", id], ["done", id, head], ["effect", callId], ["taken", id, code].
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { isHalterError } from '@halter/core'
import sqliteStore from '@halter/plugin-sqlite-store'
import { createRuntime } from 'halter'
import { WatchedStore } from '../crash/watched-store.ts'
import { seededRandom } from '../seeded-random.ts'
import { effectPlugin } from './effect-plugin.ts'
import { sayLine } from './say.ts'

/** What a holder is given. */
export interface HolderTask {
  readonly store: string
  readonly effects: string
  readonly seed: number
}

const task = JSON.parse(process.argv[2] ?? '{}') as HolderTask
const random = seededRandom(task.seed)
const effects = effectPlugin({ effects: task.effects, random, say: sayLine })
const store = [sqliteStore, { path: task.store }] as const
const runtime = await createRuntime({
  plugins: [store, new WatchedStore(sayLine).plugin, effects],
  defaultModel: 'crash',
})

for (;;) {
  const session = await runtime.newSession({ workingDir: '/' })
  sayLine(['holding', session.id])
  let code: string | undefined
  while (code === undefined) {
    code = random() < 0.5 ? await write() : (await session.submitTurn('go on').result).error?.code
    await sleep(random() * 4)
  }
  sayLine(['taken', session.id, code])
  await session.detach()

  async function write(): Promise<string | undefined> {
    try {
      await session.notify('tick', 'still here')
      return undefined
    } catch (error) {
      return isHalterError(error) ? error.code : String(error)
    }
  }
}
