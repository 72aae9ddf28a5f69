import type { Usage } from '@halter/protocol'

/** What a limit counts: tokens of input and output together, and US dollars. */
export interface Amount {
  readonly tokens: number
  readonly usd: number
}

/** Nothing. */
const ZERO: Amount = Object.freeze({ tokens: 0, usd: 0 })

/** A usage as an amount. `usd` stands in where the usage has no price. */
export function amountOf(usage: Usage, usd = 0): Amount {
  return { tokens: usage.inputTokens + usage.outputTokens, usd: usage.costUsd ?? usd }
}

/** What somebody has spent, and what is set aside for their calls in flight. */
export class Account {
  spent: Amount = ZERO
  reserved: Amount = ZERO
  /** Calls in flight. */
  open = 0

  /** Makes room for one call. */
  reserve(amount: Amount): void {
    this.open += 1
    this.reserved = plus(this.reserved, amount)
  }

  /** The call is over: its room is free again, and what it cost is spent. */
  settle(reserved: Amount, spent: Amount = ZERO): void {
    this.open -= 1
    // With the last call goes whatever the sums of dollars have rounded.
    this.reserved =
      this.open === 0 ? ZERO : plus(this.reserved, { tokens: -reserved.tokens, usd: -reserved.usd })
    this.spent = plus(this.spent, spent)
  }

  /** Learns that at least this much is spent. */
  raise(amount: Amount): void {
    this.spent = {
      tokens: Math.max(this.spent.tokens, amount.tokens),
      usd: Math.max(this.spent.usd, amount.usd),
    }
  }
}

function plus(a: Amount, b: Amount): Amount {
  return { tokens: a.tokens + b.tokens, usd: a.usd + b.usd }
}
