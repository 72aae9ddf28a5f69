import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { SqliteSessionStore } from '@halter/plugin-sqlite-store'
import { batchesUpTo, sessionsOf } from './children/batches.ts'
import { runChild } from './children/run-child.ts'
import { replayAll, scratchPath } from './open-store.ts'

/** Each lane has a file of its own that is killed again and again. */
const LANES = 2
const KILLS = 10
const seed = Number(process.env['HALTER_SEED'] ?? Date.now() % 1_000_000)

test(`no kill loses an acknowledged event or leaves part of a batch (HALTER_SEED=${seed})`, async () => {
  const lanes = Array.from({ length: LANES }, (_, lane) =>
    killAgainAndAgain(scratchPath(), randomFrom(seed + lane)),
  )
  for (const stored of await Promise.all(lanes)) expect(stored).toBeGreaterThan(KILLS * 3)
}, 60_000)

/** Returns how many events there are in the end. */
async function killAgainAndAgain(path: string, random: () => number): Promise<number> {
  const heads = new Map<string, number>()
  for (let run = 0; run < KILLS; run++) {
    const child = runChild(
      'commit-forever.ts',
      `${path}.out`,
      path,
      run % 2 === 0 ? 'power' : 'process',
      String(run),
    )
    await child.started()
    await sleep(random() * 60)
    child.process.kill('SIGKILL')
    expect(await child.gone).toBe('')
    const store = await SqliteSessionStore.open({ path })
    for (const id of sessionsOf(String(run))) heads.set(id, await checkSession(store, id, child.lines()))
    await store.close()
  }
  // Later crashes took nothing from earlier sessions.
  const store = await SqliteSessionStore.open({ path })
  for (const [id, head] of heads) expect((await store.load(id))?.head ?? 0, id).toBe(head)
  await store.close()
  return [...heads.values()].reduce((sum, head) => sum + head)
}

/** What was acknowledged is there, and what is there is whole. Returns its head. */
async function checkSession(
  store: SqliteSessionStore,
  id: string,
  lines: readonly string[],
): Promise<number> {
  const log = await replayAll(store, id)
  const acknowledged = lines.map((line) => line.split(' ')).filter(([session]) => session === id)
  expect(log.length, id).toBeGreaterThanOrEqual(Math.max(0, ...acknowledged.map(([, head]) => Number(head))))
  const batches = batchesUpTo(id, log.length)
  expect(log.slice(1)).toEqual(batches.flatMap(({ events }) => events))
  // The id of the newest batch survived with it, acknowledged or not.
  const last = batches.at(-1)
  if (last) expect(await store.commit(id, last)).toEqual({ head: log.length })
  return log.length
}

function randomFrom(start: number): () => number {
  let state = start >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
