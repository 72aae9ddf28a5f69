/** Opens a store in a new process and resumes a session. Its argument: `{ store, sessionId }`. One line: ["resumed", ResumeFigures]. */
import sqliteStore from '@halter/plugin-sqlite-store'
import { createRuntime } from 'halter'
import { sayLine } from './say.ts'

/** What it took. */
export interface ResumeFigures {
  /** From the call to the session. */
  readonly ms: number
  /** From the start of the process. */
  readonly sinceStartMs: number
  /** The most memory that the process ever had. */
  readonly maxRssMb: number
  readonly messages: number
  readonly head: number
  readonly turnMs: number
}

const { store, sessionId } = JSON.parse(process.argv[2] ?? '{}') as { store: string; sessionId: string }
const runtime = await createRuntime({ plugins: [[sqliteStore, { path: store }]], defaultModel: 'demo' })
const start = performance.now()
const session = (await runtime.resume(sessionId))!
const ms = performance.now() - start
const sinceStartMs = performance.now()
const { messageCount: messages, head } = {
  messageCount: session.state.transcript.length,
  head: session.state.head,
}
const turnStart = performance.now()
await session.submitTurn('and now?').result
const turnMs = performance.now() - turnStart
// Kilobytes.
const maxRssMb = process.resourceUsage().maxRSS / 1000
const figures: ResumeFigures = { ms, sinceStartMs, maxRssMb, messages, head, turnMs }
sayLine(['resumed', figures])
await runtime.shutdown()
