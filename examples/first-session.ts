// A session from beginning to end: a prompt, live output, what it cost, and the same session again in a new runtime.
// Runs offline: the model `demo` is built in and answers from what its tools find in the working directory.
import { createRuntime } from 'halter'
import type { SessionId } from '@halter/protocol'

const id = await ask()
await goOn(id)

async function ask(): Promise<SessionId> {
  await using runtime = await createRuntime({ defaultModel: 'demo' })
  const session = await runtime.newSession({ title: 'First steps', limits: { steps: 10 } })

  // A turn is a stream of events. Text arrives as the model writes it; `offset` tells a late reader what it missed.
  const turn = session.submitTurn('What is in this folder?')
  for await (const event of turn) {
    if (event.type === 'text.delta') process.stdout.write(event.text)
    if (event.type === 'toolCall.started') console.log(`\n[${event.name}] ${JSON.stringify(event.input)}`)
  }

  // Failures are values: `result` never rejects. `turn.orThrow()` is for those who would rather catch.
  const { status, reason, usage } = await turn.result
  console.log(`\n${status} (${reason}), ${usage.inputTokens} tokens in, ${usage.outputTokens} out`)
  return session.id
}

/** Nothing is left of the first runtime but the log: this one could be another process, or another day. */
async function goOn(sessionId: SessionId): Promise<void> {
  await using runtime = await createRuntime({ defaultModel: 'demo' })
  const session = await runtime.resume(sessionId)
  if (!session) throw new Error(`Session ${sessionId} is not in the store.`)

  const { text } = await session.submitTurn('And what else?').orThrow()
  console.log(`\n${text}\n`)

  // The state is the fold of the events; replaying them is reading the truth.
  const types: Record<string, number> = {}
  for await (const { type } of session.replay()) types[type] = (types[type] ?? 0) + 1
  console.log(`${session.state.turns} turns, ${session.state.head} events:`, types)
}
