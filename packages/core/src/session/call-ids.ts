import type { SessionState, ToolCallId } from '@halter/protocol'

/**
 * Which ids the calls of a session have. Some providers count from zero in every reply, and model APIs refuse a request in which two
 * calls have the same id: a later one gets a number.
 */
export class CallIds {
  readonly #state: SessionState
  #used: Set<ToolCallId> | undefined

  constructor(state: SessionState) {
    this.#state = state
  }

  /** An id that no call has, as near to `raw` as may be; taken from now on. */
  claim(raw: ToolCallId): ToolCallId {
    this.#used ??= idsOf(this.#state)
    let id = raw
    for (let count = 2; this.#used.has(id); count++) id = `${raw}-${count}`
    this.#used.add(id)
    return id
  }
}

function idsOf({ transcript }: SessionState): Set<ToolCallId> {
  const ids = new Set<ToolCallId>()
  for (const message of transcript)
    for (const part of message.parts) if (part.kind === 'toolCall') ids.add(part.callId)
  return ids
}
