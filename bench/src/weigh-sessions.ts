// Prints the kilobytes of heap that one idle session of 10 messages takes. Run with --expose-gc and `ours` or `bare`.
import type { Message } from '@halter/protocol'
import { textIn } from './answers.ts'
import { bareTurn } from './floor/bare-loop.ts'
import { LookingTool } from './looking-tool.ts'
import { BenchModel } from './model.ts'
import { openStored } from './stored-subject.ts'
import { TemporaryFolder } from './temporary-folder.ts'

const SESSIONS = 200
const TURNS = 5

const { gc } = globalThis as { gc?: () => void }
if (!gc) throw new Error('start it with --expose-gc')
console.log(process.argv[2] === 'ours' ? await weighOurs(gc) : await weigh(gc, bareSession))

/** Over SQLite: what a memory store keeps of a session is no part of the session. */
async function weighOurs(collect: () => void): Promise<number> {
  using folder = new TemporaryFolder()
  await using subject = await openStored(folder.file('sessions.db'), 'process')
  subject.model.play(textIn(1))
  return await weigh(collect, async () => {
    const session = await subject.open()
    for (let turn = 0; turn < TURNS; turn++) await session.submitTurn('go on').orThrow()
    return session
  })
}

async function bareSession(): Promise<Message[]> {
  const model = new BenchModel()
  model.play(textIn(1))
  const messages: Message[] = []
  const { run } = new LookingTool()
  for (let turn = 0; turn < TURNS; turn++) for await (const _ of bareTurn(model, messages, 'go on', run));
  return messages
}

/** Makes sessions, twice: what the first ones bring into memory once is no session's. */
async function weigh(collect: () => void, make: () => Promise<unknown>): Promise<number> {
  const kept: unknown[] = []
  for (let count = 0; count < SESSIONS; count++) kept.push(await make())
  const before = await usedHeap(collect)
  for (let count = 0; count < SESSIONS; count++) kept.push(await make())
  const after = await usedHeap(collect)
  if (kept.length !== 2 * SESSIONS) throw new Error('sessions got lost')
  return (after - before) / SESSIONS / 1000
}

async function usedHeap(collect: () => void): Promise<number> {
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    collect()
  }
  return process.memoryUsage().heapUsed
}
