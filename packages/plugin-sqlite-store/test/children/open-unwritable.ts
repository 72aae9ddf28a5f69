// Opens stores where nothing can be written, and where it can be again. Arguments: a folder on a small disk of its own.
// Output: one line of JSON, what came of each.
import { execFileSync } from 'node:child_process'
import { cpSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isHalterError } from '@halter/core'
import { SqliteSessionStore } from '@halter/plugin-sqlite-store'
import { sampleBatch, sampleSession } from '@halter/testkit/rules'

const [folder = ''] = process.argv.slice(2)
const session = sampleSession({ texts: ['one', 'two'] })
const path = join(folder, 'sessions.db')

/** What can be done with a store; `around` runs between its opening and the writes that count as "later". */
async function use(file: string, around?: () => void) {
  const warnings: string[] = []
  try {
    const store = await SqliteSessionStore.open({
      path: file,
      onWarning: (message) => warnings.push(message),
    })
    const events = (await Array.fromAsync(store.replay(session.sessionId))).length
    const listed = (await store.list()).sessions.length
    const write = () =>
      store.commit(session.sessionId, sampleBatch(session.sessionId, events)).then(
        ({ head }) => head,
        (error: unknown) => describe(error, file),
      )
    const written = await write()
    around?.()
    const later = around && (await write())
    await store.close()
    return { events, listed, written, ...(around && { later }), warned: warnings.join().includes(file) }
  } catch (error) {
    return describe(error, file)
  }
}

function describe(error: unknown, file: string): string {
  if (!isHalterError(error)) throw error
  return `${error.code}${error.message.includes(file) ? '' : ' without the name of the file'}${error.retryable ? ', retryable' : ''}`
}

function remount(how: 'ro' | 'rw'): void {
  execFileSync('mount', ['-o', `remount,${how}`, folder])
}

const store = await SqliteSessionStore.open({ path })
await store.create(session)
// As a kill leaves it: with a log beside it that has everything, and the index of that.
cpSync(path, join(folder, 'killed.db'))
cpSync(`${path}-wal`, join(folder, 'killed.db-wal'))
cpSync(`${path}-shm`, join(folder, 'killed.db-shm'))
cpSync(path, join(folder, 'lone.db'))
cpSync(`${path}-wal`, join(folder, 'lone.db-wal'))
await store.close()

remount('ro')
const readOnly = await use(path, () => remount('rw'))
remount('ro')
const killed = await use(join(folder, 'killed.db'))
const withoutIndex = await use(join(folder, 'lone.db'))
const missing = await use(join(folder, 'new', 'sessions.db'))
remount('rw')

const filler = join(folder, 'filler')
const { bavail, bsize } = statfsSync(folder)
writeFileSync(filler, Buffer.alloc(bavail * bsize))
const onFullDisk = await use(join(folder, 'other.db'))
const full = await use(path, () => rmSync(filler))
console.log(JSON.stringify({ readOnly, killed, withoutIndex, missing, onFullDisk, full }))
