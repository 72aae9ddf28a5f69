import type { SessionId } from '@halter/protocol'
import type { Statement } from './statement.ts'

interface Batch {
  readonly after: number
  readonly digests: readonly number[]
}

interface Known {
  /** Digests of the events that must be there. */
  settled: readonly number[]
  /** Whether its creation was acknowledged. */
  isMade: boolean
  /** What was tried and not acknowledged: each is there as a whole, or not at all. */
  open: readonly Batch[]
  deletion: 'none' | 'asked' | 'done'
  /** The newest event that a subscriber was shown. */
  seen: number
}

/** Codes of refusals after which nothing of a batch can be there. */
const CERTAIN: ReadonlySet<string> = new Set([
  'ERR_COMMIT_CONFLICT',
  'ERR_SESSION_LEASED',
  'ERR_SESSION_UNKNOWN',
])

/** What a store must hold and what it may hold, by what the processes that wrote to it have said before they died. */
export class StoreModel {
  /** What those processes themselves found wrong. */
  readonly problems: string[] = []
  /** Commits that were acknowledged. */
  acknowledged = 0
  /** Commits that were refused, by code. */
  readonly refusals = new Map<string, number>()
  readonly #sessions = new Map<SessionId, Known>()
  /** What each kept value may be. */
  readonly #values = new Map<string, ReadonlySet<number | undefined>>()

  /** Sessions that were ever heard of. */
  get ids(): readonly SessionId[] {
    return [...this.#sessions.keys()]
  }

  take(statement: Statement): void {
    switch (statement[0]) {
      case 'try':
        return this.#try(statement[1], { after: statement[2], digests: statement[3] })
      case 'fork': {
        const [, id, from, at, digests] = statement
        const prefix = this.#sessions.get(from)?.settled.slice(0, at) ?? []
        if (prefix.length < at)
          this.problems.push(`${id} was forked from ${from} at ${at}, which was not there`)
        return this.#try(id, { after: 0, digests: [...prefix, ...digests] })
      }
      case 'done':
        return this.#acknowledge(statement[1], statement[2])
      case 'refused':
        return this.#refuse(statement[1], statement[2])
      case 'delete':
      case 'deleted':
        this.#known(statement[1]).deletion = statement[0] === 'delete' ? 'asked' : 'done'
        return
      case 'seen':
        this.#known(statement[1]).seen = statement[2]
        return
      case 'keep': {
        const [, key, value] = statement
        this.#values.set(key, new Set([...(this.#values.get(key) ?? [undefined]), value]))
        return
      }
      case 'kept':
        this.settleValue(statement[1], statement[2])
        return
      case 'problem':
        this.problems.push(statement[1])
        return
      default:
    }
  }

  /** Takes over what is there now: from here on it must stay. Empty: the session is not there. */
  settle(id: SessionId, digests: readonly number[]): void {
    const isGone = digests.length === 0
    this.#sessions.set(id, {
      settled: digests,
      isMade: !isGone,
      open: [],
      deletion: isGone ? 'done' : 'none',
      seen: 0,
    })
  }

  /** What is wrong with a session that holds these events; empty: it is not there. Undefined when nothing is. */
  check(id: SessionId, found: readonly number[]): string | undefined {
    const known = this.#sessions.get(id)
    if (!known) return `nobody has made session ${id}`
    const { settled, isMade, deletion, seen } = known
    if (found.length === 0) {
      if (!isMade || deletion !== 'none') return undefined
      return `session ${id} is gone, with ${settled.length} acknowledged events`
    }
    if (deletion === 'done') return `session ${id} was deleted and is there`
    if (seen > found.length) return `a subscriber was shown event ${seen} of ${id}, which has ${found.length}`
    if (possibleLogs(known).some((log) => isSame(log, found))) return undefined
    const lost = settled.findIndex((digest, index) => digest !== found[index])
    if (lost !== -1) return `acknowledged event ${lost + 1} of ${settled.length} in ${id} is lost or altered`
    const open = known.open.map(({ after, digests }) => `${digests.length} after ${after}`).join(', ')
    return `${id} holds ${found.length} events: ${settled.length} acknowledged, and part of a batch (${open})`
  }

  /** Names of values that were ever kept. */
  get keys(): readonly string[] {
    return [...this.#values.keys()]
  }

  /** What is wrong with a kept value. */
  checkValue(key: string, found: number | undefined): string | undefined {
    const possible = this.#values.get(key) ?? new Set([undefined])
    if (possible.has(found)) return undefined
    return `the kept value ${key} is ${found}, and may only be ${[...possible].join(' or ')}`
  }

  /** Takes over a kept value as it is. */
  settleValue(key: string, found: number | undefined): void {
    this.#values.set(key, new Set([found]))
  }

  #known(id: SessionId): Known {
    let known = this.#sessions.get(id)
    if (!known) {
      known = { settled: [], isMade: false, open: [], deletion: 'none', seen: 0 }
      this.#sessions.set(id, known)
    }
    return known
  }

  #try(id: SessionId, batch: Batch): void {
    const known = this.#known(id)
    known.open = [...known.open, batch]
  }

  #acknowledge(id: SessionId, head: number): void {
    const known = this.#known(id)
    this.acknowledged += 1
    const last = known.open.at(-1)
    const base = possibleLogs({ ...known, open: known.open.slice(0, -1) }).find(
      ({ length }) => length === last?.after && length + last.digests.length === head,
    )
    if (!base) this.problems.push(`${id}: head ${head} was acknowledged, ${known.settled.length} was before`)
    else known.settled = [...base, ...last!.digests]
    known.isMade = true
    known.open = []
  }

  #refuse(id: SessionId, code: string): void {
    const known = this.#known(id)
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1)
    if (CERTAIN.has(code)) known.open = known.open.slice(0, -1)
  }
}

/** What a session may hold: what is settled, with whole open batches behind it that fit. */
function possibleLogs({ settled, open }: Pick<Known, 'settled' | 'open'>): readonly (readonly number[])[] {
  const logs: (readonly number[])[] = [settled]
  for (const { after, digests } of open)
    logs.push(...logs.filter(({ length }) => length === after).map((log) => [...log, ...digests]))
  return logs
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index])
}
