// A context manager of one's own, in the place of the default one: when the window gets full, each older turn gives way to one line in a
// ledger. No model is asked. It keeps the whole contract (`test/custom-context-manager.test.ts` is one call).
import { join } from 'node:path'
import { createRuntime, definePlugin, jsonSchema } from 'halter'
import type { CompactionRequest, ContextInput, ContextManager } from '@halter/core'
import {
  textOf,
  type CompactionOutcome,
  type ContextPlan,
  type Message,
  type SessionState,
} from '@halter/protocol'

/** Lines of the ledger at most; the oldest go. */
const MAX_LINES = 100
/** Compactions that freed nothing, after which no other is tried. */
const MAX_USELESS = 2

/** A prompt and what followed it, as indices into the transcript: `to` is behind its end. */
interface PastTurn {
  readonly from: number
  readonly to: number
}

export class LedgerContextManager implements ContextManager {
  readonly #fullAt: number
  /** What compactions of an open session came to. */
  readonly #useless = new WeakMap<SessionState, { compactions: number; count: number }>()

  /** `fullAt`: the share of the model's input room at which older turns leave. */
  constructor(fullAt: number) {
    this.#fullAt = fullAt
  }

  async plan(input: ContextInput, signal: AbortSignal): Promise<ContextPlan> {
    signal.throwIfAborted()
    const { state, limits, estimatedTokens, overflow } = input
    const plan = { messages: state.transcript, segments: state.injected, estimatedTokens }
    const isFull = estimatedTokens >= this.#fullAt * (limits.window - limits.maxOutput)
    if (!overflow && (!isFull || this.#isUseless(state))) return plan
    const compaction = await this.#compact(input, overflow ? 'overflow' : 'auto', signal)
    if (compaction) return { ...plan, compaction }
    return overflow ? { ...plan, warning: 'The newest turn alone is too long for this model.' } : plan
  }

  async compactNow({ trigger }: CompactionRequest, input: ContextInput, signal: AbortSignal) {
    signal.throwIfAborted()
    const outcome = await this.#compact(input, trigger, signal)
    return outcome && { outcome }
  }

  async #compact(
    input: ContextInput,
    trigger: CompactionOutcome['trigger'],
    signal: AbortSignal,
  ): Promise<CompactionOutcome | undefined> {
    const messages = input.state.transcript.slice()
    const obligations = input.obligations()
    const pinned = new Set(obligations.map(({ messageId }) => messageId))
    const leaving = pastTurns(messages).filter(
      ({ from, to }) => !messages.slice(from, to).some(({ id }) => pinned.has(id)),
    )
    if (leaving.every(({ from }) => isLedger(messages[from]!))) return undefined
    const asked = await untilAborted(input.beforeCompaction(trigger), signal)
    if (!asked) return undefined
    const written = asked.summary ?? ledgerOf(leaving.map(({ from, to }) => messages.slice(from, to)))
    const owed = obligations.filter(
      ({ messageId, text, mark = text }) => !messageId && !written.includes(mark),
    )
    const summary = [written, ...owed.map(({ text }) => `To be kept in mind: ${text}`)].join('\n')
    const dropped = leaving.flatMap(({ from, to }) => range(from, to))
    const freed = dropped.reduce((sum, index) => sum + input.tokensOf(messages[index]!), 0)
    const tokensAfter = Math.max(0, input.estimatedTokens - freed + input.tokensOf(summary))
    if (tokensAfter >= input.estimatedTokens) return undefined
    return {
      trigger,
      droppedSeqs: dropped
        .map((index) => input.state.seqs[index]!)
        .sort((a, b) => a - b)
        .map((seq) => ({ from: seq, to: seq })),
      summary,
      tokensBefore: input.estimatedTokens,
      tokensAfter,
      reason: `a ledger stands for ${leaving.length} turns`,
    }
  }

  /** The window is full right after a compaction again and again: what fills it is not what we can take out. */
  #isUseless(state: SessionState): boolean {
    const known = this.#useless.get(state) ?? { compactions: 0, count: 0 }
    if (state.compactions > known.compactions)
      this.#useless.set(state, { compactions: state.compactions, count: known.count + 1 })
    return (this.#useless.get(state)?.count ?? 0) >= MAX_USELESS
  }
}

/** Everything before the newest prompt, turn by turn. */
function pastTurns(messages: readonly Message[]): readonly PastTurn[] {
  const starts = messages.flatMap((message, index) => (startsTurn(message) ? [index] : []))
  const turns = starts.map((from, index) => ({ from, to: starts[index + 1] ?? messages.length }))
  return turns.slice(0, -1)
}

function startsTurn(message: Message): boolean {
  return message.role === 'user' && (message.origin === undefined || isLedger(message))
}

function isLedger(message: Message): boolean {
  return message.role === 'user' && message.origin === 'compaction'
}

/** One line per turn: what was asked, and what was said last. The lines of an earlier ledger stay as they are. */
function ledgerOf(turns: readonly (readonly Message[])[]): string {
  const lines = turns.flatMap((turn) => {
    const [first] = turn
    if (isLedger(first!))
      return textOf(first!)
        .split('\n')
        .filter((line) => line.startsWith('- '))
    const answer = turn.findLast(({ role }) => role === 'assistant')
    return [`- “${beginning(textOf(first!))}” — ${answer ? beginning(textOf(answer)) : 'no answer'}`]
  })
  return ['What was said before, one line a turn:', ...lines.slice(-MAX_LINES)].join('\n')
}

function beginning(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > 100 ? `${line.slice(0, 99)}…` : line
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

/** Nobody is waited for longer than the turn lasts. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', abort))
}

/** It wins the slot from the default manager because the application names it. */
export const ledger = definePlugin({
  name: '@acme/ledger-context',
  apiVersion: 1,
  config: jsonSchema<{ fullAt: number }>({
    type: 'object',
    properties: { fullAt: { type: 'number', exclusiveMinimum: 0, maximum: 1, default: 0.8 } },
    additionalProperties: false,
  }),
  provides: ['contextManager'],
  setup: ({ config }) => ({ contextManager: new LedgerContextManager(config.fullAt) }),
})

if (import.meta.main) {
  await using runtime = await createRuntime({
    plugins: [[ledger, { fullAt: 0.01 }]],
    defaultModel: `scripted/${join(import.meta.dirname, 'scripts/echo.mjs')}`,
  })
  const session = await runtime.newSession({ workingDir: import.meta.dirname })
  for (let count = 1; count <= 12; count++)
    await session.submitTurn(`Question ${count}: ${'which colour? '.repeat(40)}`).orThrow()
  const window = session.state.transcript.slice()
  console.log(`${window.length} messages in the window, of ${session.state.turns} turns`)
  console.log(textOf(window.find(isLedger)!))
}
