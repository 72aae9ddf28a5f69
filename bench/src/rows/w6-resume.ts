import type { Message, StoredEvent } from '@halter/protocol'
import { textIn, toolSteps } from '../answers.ts'
import { figure, type Figure } from '../figure.ts'
import { bareTurn } from '../floor/bare-loop.ts'
import { RawLog } from '../floor/raw-log.ts'
import { LookingTool } from '../looking-tool.ts'
import { BenchModel } from '../model.ts'
import { rehearse } from '../rehearsal.ts'
import { inTurn } from '../rounds.ts'
import { resumedCompacted } from './w6-compacted.ts'
import { openStored } from '../stored-subject.ts'
import { TemporaryFolder } from '../temporary-folder.ts'
import type { Subject } from '../subject.ts'

const STEPS = 4_999 // two messages each, and the first and the last

/** W6: open a stored session of 10,000 messages and run one turn. */
export async function resumed(): Promise<readonly Figure[]> {
  using folder = new TemporaryFolder()
  await using subject = await openStored(folder.file('sessions.db'), 'process')
  using raw = new RawLog(folder.file('raw.db'), 'process')
  const id = await storeSession(subject)
  for (const batch of await rehearse(folder, STEPS)) raw.append(batch)
  const ms = await inTurn(7, { bare: () => bareResume(raw), ours: () => ourResume(subject, id) })
  return [
    figure({
      row: 'W6',
      work: 'open 10,000 messages, run one turn',
      unit: 'ms',
      ours: ms.ours,
      floor: ms.bare,
      floorIs: 'read and parse the same rows, bare turn',
      goal: { of: 'ratio', atMost: 1.5 },
    }),
    ...(await resumedCompacted(folder)),
  ]
}

async function storeSession({ model, look, open }: Subject): Promise<string> {
  look.reset()
  model.play(toolSteps(STEPS))
  const session = await open()
  await session.submitTurn('look around').orThrow()
  await session.detach()
  return session.id
}

async function ourResume({ model, runtime }: Subject, id: string): Promise<number> {
  model.play(textIn(1))
  const start = performance.now()
  const session = await runtime.resume(id)
  await session!.submitTurn('and now?').orThrow()
  const ms = performance.now() - start
  const { length } = session!.state.transcript
  await session!.detach()
  if (length < 2 * STEPS + 2) throw new Error(`the session came back with ${length} messages`)
  return ms
}

async function bareResume(raw: RawLog): Promise<number> {
  const model = new BenchModel()
  model.play(textIn(1))
  const start = performance.now()
  const messages = (raw.read() as StoredEvent[]).flatMap(messageOf)
  for await (const _ of bareTurn(model, messages, 'and now?', new LookingTool().run));
  const ms = performance.now() - start
  if (messages.length < 2 * STEPS + 2) throw new Error(`the log came back with ${messages.length} messages`)
  return ms
}

function messageOf(event: StoredEvent): Message[] {
  if (event.type === 'message.appended') return [event.message]
  if (event.type !== 'toolCall.finished') return []
  const { messageId: id, at, callId, parts } = event
  return [{ role: 'tool', id, at, callId, name: 'look', parts, isError: false }]
}
