import type { ToolCall } from '@halter/core'
import type { TurnId } from '@halter/protocol'
import { matchesCall, parseToolPatterns, type ToolPattern } from './tool-pattern.ts'

/** Tools that a command or skill may use without a question, until the turn ends. */
interface Grant {
  /** `/name`, or the skill's name. */
  readonly by: string
  readonly patterns: readonly ToolPattern[]
}

/** What commands and skills have changed for one turn. */
export class TurnGrants {
  /** The model that answers in this turn, where a command asks for one. */
  model: string | undefined
  /** Why the prompt is not to be sent. */
  refusal: string | undefined
  readonly #grants: Grant[] = []

  add(by: string, allowedTools: readonly string[] | undefined): void {
    const patterns = parseToolPatterns(allowedTools ?? [])
    if (patterns.length > 0) this.#grants.push({ by, patterns })
  }

  /** Why a call needs no question; undefined: nobody has granted it. */
  reasonFor(call: ToolCall, workingDir: string): string | undefined {
    for (const { by, patterns } of this.#grants) {
      const found = patterns.find((pattern) => matchesCall(pattern, call, workingDir))
      if (found) return `${by} lists ${found.written} in its allowed-tools.`
    }
    return undefined
  }
}

/** What is changed for the turns that run, those of subagents apart. */
export class GrantBook {
  readonly #turns = new Map<TurnId, TurnGrants>()

  /** Turns that something was changed for, and that have not ended. */
  get size(): number {
    return this.#turns.size
  }

  /** Undefined: nothing was changed for this turn. */
  of(turnId: TurnId | undefined): TurnGrants | undefined {
    return turnId === undefined ? undefined : this.#turns.get(turnId)
  }

  open(turnId: TurnId): TurnGrants {
    const grants = this.of(turnId) ?? new TurnGrants()
    this.#turns.set(turnId, grants)
    return grants
  }

  close(turnId: TurnId): void {
    this.#turns.delete(turnId)
  }
}
