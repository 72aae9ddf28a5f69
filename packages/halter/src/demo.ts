import { isDeepStrictEqual } from 'node:util'
import { fold, type SessionId, type SessionState, type StoredEvent } from '@halter/protocol'
import { halterHome } from '@halter/core'
import { Output } from './cli/output.ts'
import { eventLine } from './cli/sessions-replay.ts'
import { TextFormat } from './cli/text-format.ts'
import { createRuntime, isHalterError, type SessionHandle, type SessionRuntime } from './index.ts'

// What `npm start` runs: a real session with the built-in model, offline. No configuration is read, so nothing that a user
// or a project has set up can send anything anywhere. It is kept where every session is, so that the command line shows it.

// Here everything is for the same reader, so talk and data share one stream and keep their order.
const output = new Output(process.stdout, process.stdout)

try {
  const sessionId = await firstTurn()
  await secondRuntime(sessionId)
  whatNext(sessionId)
} catch (error) {
  output.complain(isHalterError(error) ? `${error.message} (${error.code})` : String(error))
  process.exitCode = 1
}

async function firstTurn(): Promise<SessionId> {
  heading(
    'A prompt goes in. The built-in demo model answers it, offline, with tools that read the files of this folder.',
  )
  await using runtime = await createRuntime({ defaultModel: 'demo' })
  const session = await runtime.newSession({ workingDir: process.cwd(), title: 'Demo' })
  await ask(session, 'What is in this folder?')
  return session.id
}

/** Nothing is left of the first runtime but the log. */
async function secondRuntime(sessionId: SessionId): Promise<void> {
  await using runtime = await createRuntime({ defaultModel: 'demo' })
  heading(`Every step of it is an event in a SQLite file below ${halterHome()}:`)
  for (const event of await events(runtime, sessionId))
    output.data(`${eventLine(event, output.width ?? 100)}\n`)

  heading('The runtime that did this is gone. A second one opens the session from that file, and goes on.')
  const session = await runtime.resume(sessionId)
  if (!session) throw new Error(`The session ${sessionId} was not stored.`)
  await ask(session, 'And what else?')

  heading('The log is the truth: what the session knows is what its events add up to.')
  const log = await events(runtime, sessionId)
  const isSame = isDeepStrictEqual(facts(fold(log)), facts(session.state))
  const { problems } = await runtime.verify(sessionId)
  output.data(
    `  ${log.length} events, read again and folded: ${isSame ? 'the same state' : 'ANOTHER STATE'}\n`,
  )
  output.data(`  verified: ${problems.length === 0 ? 'no problems' : JSON.stringify(problems)}\n`)
  if (!isSame || problems.length > 0) process.exitCode = 1
}

async function ask(session: SessionHandle, prompt: string): Promise<void> {
  output.data(`> ${prompt}`, 'bold')
  output.endLine()
  const format = new TextFormat(output)
  format.begin(session, false)
  const turn = session.submitTurn(prompt)
  for await (const event of turn) format.event(event)
  const { turnId, status, reason, text, usage, error } = await turn.result
  format.end({
    type: 'result',
    sessionId: session.id,
    turnId,
    status,
    reason,
    text,
    usage,
    ...(error && { error }),
  })
  if (status !== 'completed') throw new Error(`The turn ended: ${reason}.`)
}

async function events(runtime: SessionRuntime, sessionId: SessionId): Promise<readonly StoredEvent[]> {
  return await Array.fromAsync(runtime.replay(sessionId))
}

/** A state as data: what a fold of the same events must lead to again. */
function facts(state: SessionState): object {
  const { head, blueprint, turns, lastTurn, usage, title, metadata, compactions, createdAt, updatedAt } =
    state
  const messages = state.transcript.slice()
  return {
    head,
    blueprint,
    turns,
    lastTurn,
    usage,
    title,
    metadata,
    compactions,
    createdAt,
    updatedAt,
    messages,
  }
}

function heading(text: string): void {
  output.data('\n')
  output.data(text, 'bold')
  output.data('\n\n')
}

function whatNext(sessionId: SessionId): void {
  heading('Try it yourself:')
  const commands = [
    ['sessions list', 'this session and those to come'],
    [`sessions replay ${sessionId}`, 'its events; --json for programs'],
    ['run --continue "And now?"', 'go on with it'],
    ['run --help', 'everything else'],
  ] as const
  const width = Math.max(...commands.map(([command]) => command.length))
  for (const [command, what] of commands)
    output.data(`  npm run halter -- ${command.padEnd(width)}   ${what}\n`)
}
