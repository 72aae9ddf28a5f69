/**
 * Writes one long session, compacted again and again, straight into a file. Its argument is a `BuildTask`. One line: ["built", LongSession].
 */
import { SqliteSessionStore } from '@halter/plugin-sqlite-store'
import {
  EVENT_VERSIONS,
  foldSummary,
  SessionFold,
  type PendingEvent,
  type SessionSummary,
  type StoredEvent,
} from '@halter/protocol'
import { sayLine } from './say.ts'

/** What is to be built. */
export interface BuildTask {
  readonly store: string
  readonly sessionId: string
  readonly events: number
  /** Events between two compactions. */
  readonly compactEvery: number
  /** Events after the newest checkpoint. */
  readonly tail: number
}

/** What was built. */
export interface LongSession {
  readonly head: number
  readonly messages: number
  readonly compactions: number
}

const BATCH = 4000
const START = Date.UTC(2026, 0, 1)
const task = JSON.parse(process.argv[2] ?? '{}') as BuildTask
const { sessionId } = task
const state = new SessionFold()
let summary: SessionSummary | undefined
let batch: StoredEvent[] = []
const store = await SqliteSessionStore.open({ path: task.store, durability: 'process' })

function add(event: PendingEvent): void {
  const seq = state.head + 1
  const stored = { sessionId, seq, at: START + seq, v: EVENT_VERSIONS[event.type], ...event } as StoredEvent
  state.apply(stored)
  summary = foldSummary(summary, stored)
  batch.push(stored)
}

/** A prompt, a call with its result, an answer. */
function addTurn(turnId: string): void {
  const usage = { inputTokens: 3000, outputTokens: 60 }
  const text = (words: string) => [{ kind: 'text' as const, text: words }]
  const from = { provider: 'long', model: 'long' }
  const at = START + state.head
  const callId = `call-${turnId}`
  const prompt = text(`question ${turnId}`)
  add({ type: 'turn.started', turnId, generation: 1, revision: '', input: prompt })
  add({ type: 'message.appended', turnId, message: { role: 'user', id: `u-${turnId}`, at, parts: prompt } })
  const call = { kind: 'toolCall' as const, callId, name: 'look', input: { path: `file-${turnId}` } }
  const asking = { role: 'assistant' as const, id: `a-${turnId}`, at, parts: [call], from }
  add({ type: 'message.appended', turnId, message: { ...asking, stopReason: 'tool-calls' } })
  add({ type: 'toolCall.started', turnId, callId, name: 'look', input: call.input })
  const found = text(`line of a file, ${'and another one, '.repeat(8)}${turnId}`)
  add({ type: 'toolCall.finished', turnId, callId, outcome: 'ok', messageId: `t-${turnId}`, parts: found })
  const parts = text(`an answer to ${turnId}, ${'in so many words '.repeat(8)}`)
  const answer = { role: 'assistant' as const, id: `b-${turnId}`, at, parts, from }
  add({ type: 'message.appended', turnId, message: { ...answer, stopReason: 'end' } })
  add({ type: 'usage.recorded', turnId, purpose: 'turn', model: 'long', usage })
  add({ type: 'turn.completed', turnId, usage, reason: 'stop' })
}

function compact(): void {
  const keep = 40
  const to = state.seqs.at(-keep - 1)!
  const words = `A summary of what came before event ${to}. ${'So it was. '.repeat(100)}`
  const tokens = { tokensBefore: 90_000, tokensAfter: 5000 }
  add({
    type: 'compaction.applied',
    trigger: 'auto',
    droppedSeqs: [{ from: 1, to }],
    summary: words,
    ...tokens,
  })
}

async function flush(isCheckpoint = false): Promise<void> {
  const events = batch
  batch = []
  const expectedHead = state.head - events.length
  const checkpoint = isCheckpoint ? state.checkpoint() : undefined
  const kept = { expectedHead, commitId: `c${expectedHead}`, events, summary: summary! }
  await store.commit(sessionId, { ...kept, ...(checkpoint && { checkpoint }) })
}

const blueprint = { sessionId, depth: 0, model: 'demo', workingDir: '/', limits: {}, metadata: {} }
add({ type: 'session.started', blueprint })
await store.create({ sessionId, commitId: 'c0', events: batch, summary: summary! })
batch = []
let compacted = 0
let isMarked = false
for (let turn = 0; state.head < task.events; turn++) {
  addTurn(String(turn))
  if (state.head - compacted >= task.compactEvery) {
    compact()
    compacted = state.head
  }
  const isDue: boolean = !isMarked && state.head >= task.events - task.tail
  if (isDue || batch.length >= BATCH) await flush(isDue)
  isMarked ||= isDue
}
await flush()
await store.close()
const built: LongSession = {
  head: state.head,
  messages: state.messageCount,
  compactions: state.compactions,
}
sayLine(['built', built])
