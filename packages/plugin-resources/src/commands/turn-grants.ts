import type { SessionPort, ToolCall } from '@halter/core'
import type { TurnId } from '@halter/protocol'
import { matchesCall, parseToolPatterns, type ToolPattern } from './tool-pattern.ts'

/** Tools that a command or skill may use without a question, until the turn ends. */
interface Grant {
  /** `/name`, or the skill's name. */
  readonly by: string
  readonly patterns: readonly ToolPattern[]
}

/** What commands have changed for the turn that runs. One per session; a new turn begins with nothing. */
export class TurnGrants {
  /** The model that answers in this turn, where a command asks for one. */
  model: string | undefined
  /** Why the prompt is not to be sent. */
  refusal: string | undefined
  #turnId: TurnId | undefined
  #grants: Grant[] = []

  /** Those of the turn; undefined: nothing was changed for it. */
  static of(session: SessionPort, turnId: TurnId | undefined): TurnGrants | undefined {
    if (turnId === undefined) return undefined
    const grants = session.resource(KEY, () => new TurnGrants())
    return grants.#turnId === turnId ? grants : undefined
  }

  /** Those of the turn, from now on. */
  static begin(session: SessionPort, turnId: TurnId): TurnGrants {
    const grants = session.resource(KEY, () => new TurnGrants())
    if (grants.#turnId === turnId) return grants
    grants.#turnId = turnId
    grants.#grants = []
    grants.model = undefined
    grants.refusal = undefined
    return grants
  }

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

const KEY = 'commands.turn'
