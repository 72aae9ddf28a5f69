// Prints the kilobytes that a session of 10,000 events takes, those that a fork of it takes, and the milliseconds of a fork. Run with --expose-gc and `memory`
// or `sqlite`; what a fork takes in memory is heap, in SQLite what the file grows by.
import { DatabaseSync } from 'node:sqlite'
import memoryStore from '@halter/plugin-memory-store'
import { toolSteps } from './answers.ts'
import { openStored } from './stored-subject.ts'
import { openSubject, type Subject } from './subject.ts'
import { TemporaryFolder } from './temporary-folder.ts'

const STEPS = 2_500 // four events each
const FORKS = 20

const { gc } = globalThis as { gc?: () => void }
if (!gc) throw new Error('start it with --expose-gc')
console.log(JSON.stringify(process.argv[2] === 'sqlite' ? await inFile() : await inMemory(gc)))

async function inFile(): Promise<object> {
  using folder = new TemporaryFolder()
  const path = folder.file('sessions.db')
  await using subject = await openStored(path, 'process')
  return await weigh(subject, async () => {
    using reader = new DatabaseSync(path, { readOnly: true })
    const { bytes } = reader
      .prepare('SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size')
      .get()!
    return bytes as number
  })
}

async function inMemory(collect: () => void): Promise<object> {
  await using subject = await openSubject({ plugins: [memoryStore] })
  return await weigh(subject, async () => {
    for (let turn = 0; turn < 5; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      collect()
    }
    return process.memoryUsage().heapUsed
  })
}

/** Forks that nobody holds, twice: what the first ones bring into memory once is no fork's. */
async function weigh({ runtime, model, open }: Subject, size: () => Promise<number>): Promise<object> {
  const empty = await size()
  model.play(toolSteps(STEPS))
  const origin = await open()
  await origin.submitTurn('look around').orThrow()
  const events = origin.state.head
  await origin.detach()
  const originKilobytes = ((await size()) - empty) / 1000
  const fork = async (): Promise<void> => {
    for (let count = 0; count < FORKS; count++) await (await runtime.forkSession(origin.id)).detach()
  }
  await fork()
  const before = await size()
  const start = performance.now()
  await fork()
  const ms = (performance.now() - start) / FORKS
  return { events, originKilobytes, kilobytes: ((await size()) - before) / FORKS / 1000, ms }
}
