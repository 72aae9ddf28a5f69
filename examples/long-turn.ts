// A turn that outgrows its model's window: older steps give way to a summary on the way, and the log keeps every word.
// What must not be forgotten is in the summary whatever the model writes. Offline: the model follows `scripts/long.json`.
import { join } from 'node:path'
import { createRuntime, definePlugin } from 'halter'

/** Any plugin may oblige every summary to keep something: a rule, an open question, a message as it is. */
const fourEyes = definePlugin({
  name: '@acme/four-eyes',
  apiVersion: 1,
  contributes: ['obligations'],
  setup: () => ({
    obligations: [
      { name: 'four eyes', of: () => [{ kind: 'rule', text: 'Two people look at every change.' }] },
    ],
  }),
})

await using runtime = await createRuntime({
  plugins: [fourEyes],
  defaultModel: `scripted/${join(import.meta.dirname, 'scripts/long.json')}`,
})
const session = await runtime.newSession()
const turn = session.submitTurn('Make a plan for this folder.')

let newest = 0
for await (const event of turn) {
  if (event.type !== 'compaction.applied') continue
  newest = event.seq
  console.log(`${event.tokensBefore} → ${event.tokensAfter} tokens: ${event.reason}`)
}
const { text } = await turn.orThrow()
console.log(text)

const window = session.state.transcript.slice()
const summary = window.find((message) => message.role === 'user' && message.origin === 'compaction')
console.log('\nWhat stands for the older steps:', summary?.parts)

// To undo a compaction, go on in a fork of the session as it was just before.
await using before = await session.fork({ at: newest - 1 })
console.log(
  `\n${window.length} messages in the window, ${before.state.transcript.length} before the last compaction`,
)
