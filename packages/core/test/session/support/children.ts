import type { SpawnRequest } from '@halter/core'
import type { TestReply, TestScript } from '@halter/core/testing'
import { textOf } from '@halter/protocol'

/** What the model answers, by the first prompt of a session: its replies in order, one per call. */
export function byPrompt(replies: Readonly<Record<string, readonly TestReply[]>>): TestScript {
  const calls = new Map<string, number>()
  return ({ sessionId, messages }) => {
    const call = calls.get(sessionId) ?? 0
    calls.set(sessionId, call + 1)
    const prompt = textOf(messages.at(0)!)
    const reply = replies[prompt]?.[call]
    if (!reply) throw new Error(`no reply ${call + 1} for "${prompt}"`)
    return reply
  }
}

/** A call of `spawn`. */
export function spawns(task: string, rest: Omit<SpawnRequest, 'task'> = {}, id = `spawn-${task}`) {
  return { name: 'spawn', id, input: { task, ...rest } as never }
}
