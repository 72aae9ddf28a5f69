import { textOf, type Message } from '@halter/protocol'
import { compareSignals, scoreMessage, type Signal } from './score-message.ts'

/** Messages that stay or leave together: a reply and the results of its calls, or any other message alone. */
export interface Unit {
  /** Index of its first message, and of the one after its last. */
  readonly from: number
  readonly to: number
  readonly messages: readonly Message[]
  readonly signal: Signal
}

/** The units of a transcript, in order. */
export function unitsOf(messages: readonly Message[]): readonly Unit[] {
  const units: Unit[] = []
  for (let from = 0, to; from < messages.length; from = to) {
    to = from + 1
    if (messages[from]!.role === 'assistant') while (messages[to]?.role === 'tool') to += 1
    const members = messages.slice(from, to)
    units.push({ from, to, messages: members, signal: unitSignal(members) })
  }
  return units
}

/**
 * The most that a member says. A reply that only calls tools, whatever it thought, says what its results say: otherwise nothing
 * that a thinking model does could ever be left out.
 */
function unitSignal([first, ...results]: readonly Message[]): Signal {
  const isBareCall = first!.role === 'assistant' && results.length > 0 && textOf(first!).trim() === ''
  const scores = (isBareCall ? results : [first!, ...results]).map(scoreMessage)
  return scores.reduce((most, score) => (compareSignals(score, most) > 0 ? score : most))
}

/** Which units to leave out, and when to stop. */
export interface Eviction<U extends Unit> {
  /** Tokens to come down to. */
  readonly target: number
  /** Nothing that says more than this is left out. */
  readonly threshold: Signal
  tokensOf(unit: U): number
}

/** The units to leave out so that the rest comes down to the target: what says the least first, then the oldest. */
export function evictUnits<U extends Unit>(
  units: readonly U[],
  { target, threshold, tokensOf }: Eviction<U>,
): Set<U> {
  const evicted = new Set<U>()
  let tokens = units.reduce((sum, unit) => sum + tokensOf(unit), 0)
  const candidates = units
    .filter(({ signal }) => compareSignals(signal, threshold) <= 0)
    .toSorted((a, b) => compareSignals(a.signal, b.signal) || a.from - b.from)
  for (const unit of candidates) {
    if (tokens <= target) break
    evicted.add(unit)
    tokens -= tokensOf(unit)
  }
  return evicted
}
