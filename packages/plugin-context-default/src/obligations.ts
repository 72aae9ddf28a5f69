import type { Obligation } from '@halter/core'
import { textOf, type Message, type SessionState } from '@halter/protocol'
import type { ContextState } from './context-state.ts'
import { beginningOf } from './without-middle.ts'

/** Characters of the first prompt that are kept. */
const MAX_GOAL = 2000
/** Rules kept, the first and the newest half of them, and characters of each. */
const MAX_RULES = 24
const MAX_RULE = 300

/** A sentence that tells the model how to behave from now on, and not just now. */
const RULE =
  /^(?:(?:please|and|but|also|so),? )?(?:do not|don['’]t|make sure|remember)\b|\b(?:never|always|must|from now on|under no circumstances)\b/i

/** What the window's own messages and the session's state oblige to. */
export interface OwnObligations extends Pick<ContextState, 'goal' | 'rules'> {
  readonly obligations: readonly Obligation[]
}

/**
 * What a summary has to keep: the first prompt and the rules that the user set, where their messages leave or have left; approvals
 * that are open; children that run.
 */
export function ownObligations(
  state: SessionState,
  leaving: ReadonlySet<Message>,
  known: ContextState,
): OwnObligations {
  const messages = state.transcript.slice()
  const goal = known.goal ?? goalIn(messages)
  const isGoalThere = messages.some((message) => message.id === goal?.id && !leaving.has(message))
  const said = messages
    .filter((message) => leaving.has(message) && isPrompt(message))
    .flatMap((message) => rulesIn(textOf(message)))
  const rules = keepRules([...known.rules, ...said].filter((rule) => !goal?.text.includes(rule)))
  const words = [
    ...(goal && !isGoalThere ? [{ kind: 'goal', text: goal.text }] : []),
    ...rules.map((text) => ({ kind: 'rule', text })),
  ]
  return { obligations: [...words, ...liveObligations(state)], rules, ...(goal && { goal }) }
}

function goalIn(messages: readonly Message[]): ContextState['goal'] {
  const first = messages.find((message) => isPrompt(message) && textOf(message).trim() !== '')
  return first && { id: first.id, text: beginningOf(textOf(first).trim(), MAX_GOAL) }
}

/** What the state alone obliges to: questions that are open, children that run. */
export function liveObligations({ approvals, children }: SessionState): readonly Obligation[] {
  const open = approvals.values().map(({ callId, name, reason }) => ({
    kind: 'approval',
    mark: callId,
    text: `The call ${callId} of ${name} waits for approval${reason === undefined ? '' : `: ${beginningOf(reason, 200)}`}`,
  }))
  const running = children
    .values()
    .filter(({ outcome }) => outcome === undefined)
    .map(({ childId, agent, task }) => ({
      kind: 'child',
      mark: childId,
      text: `Subagent ${childId}${agent === undefined ? '' : ` (${agent})`} is running: ${beginningOf(task, 300)}`,
    }))
  return [...open, ...running]
}

/** Obligations as lines for a model. */
export function listObligations(obligations: readonly Obligation[]): string {
  return obligations.map(({ kind, text }) => `- [${kind}] ${text.replace(/\s+/g, ' ')}`).join('\n')
}

/** Whether a text still says what an obligation names; white space, case and the shape of quotes do not matter. */
export function keeps(text: string, { text: obligation, mark = obligation }: Obligation): boolean {
  return plain(text).includes(plain(mark))
}

/** What a person said, to begin a turn or to steer one. */
export function isPrompt(message: Message): boolean {
  return message.role === 'user' && (message.origin === undefined || message.origin === 'steer')
}

/** What a person said to begin a turn. */
export function isTurnStart(message: Message): boolean {
  return message.role === 'user' && message.origin === undefined
}

function rulesIn(text: string): readonly string[] {
  return text
    .split(/(?<=[.!?])\s+|\n+/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence.length <= MAX_RULE && RULE.test(sentence))
}

function keepRules(rules: readonly string[]): readonly string[] {
  const distinct = [...new Set(rules)]
  if (distinct.length <= MAX_RULES) return distinct
  return [...distinct.slice(0, MAX_RULES / 2), ...distinct.slice(-MAX_RULES / 2)]
}

function plain(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[‘’]/g, "'").replace(/[“”]/g, '"').trim().toLowerCase()
}
