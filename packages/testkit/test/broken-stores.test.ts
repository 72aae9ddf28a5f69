import { describe, expect, test } from 'vitest'
import { HalterError, type CommitBatch, type SessionPage, type SessionQuery } from '@halter/core'
import type { SessionId, SessionSummary, StoredEvent } from '@halter/protocol'
import { checkRules, sessionStoreModel, sessionStoreRules, type StoreHarness } from '@halter/testkit'
import { ArrayStore, type ArraySession } from './array-store.ts'

/** Writes before it looks. */
class WritesBeforeChecking extends ArrayStore {
  protected override checkHead(session: ArraySession, batch: CommitBatch): void {
    if (batch.expectedHead < session.log.length) this.append(session, batch.events)
    super.checkHead(session, batch)
  }
}

/** Tells of a conflict, but not where the log is. */
class NamesNoHeads extends ArrayStore {
  protected override checkHead({ log }: ArraySession, { expectedHead }: CommitBatch): void {
    if (expectedHead !== log.length) throw new HalterError('ERR_COMMIT_CONFLICT', 'The log has moved on.')
  }
}

/** A lost acknowledgement becomes a conflict. */
class ForgetsCommitIds extends ArrayStore {
  protected override isRepeated(): boolean {
    return false
  }
}

/** The last writer wins. */
class ChecksNoHead extends ArrayStore {
  protected override checkHead(): void {}
  protected override checkOrder(): void {}
}

/** Pages by counting, so that a session that moves pushes another one onto two pages. */
class PagesByOffset extends ArrayStore {
  protected override page(found: SessionSummary[], { cursor, limit = 50 }: SessionQuery): SessionPage {
    const from = Number(cursor ?? 0)
    const sessions = found.slice(from, from + limit)
    return { sessions, ...(from + limit < found.length && { next: String(from + limit) }) }
  }
}

/** Takes a title for a pattern. */
class MatchesTitlesAsPatterns extends ArrayStore {
  protected override matchesTitle(title: string, part = ''): boolean {
    const pattern = part.replaceAll('%', '.*').replaceAll('_', '.')
    try {
      return new RegExp(pattern, 'i').test(title)
    } catch {
      return false
    }
  }
}

/** Keeps sessions under names of an ordinary object. */
class LosesPrototypeNames extends ArrayStore {
  protected override find(id: SessionId): ArraySession {
    if (id in {}) throw new HalterError('ERR_SESSION_UNKNOWN', `No session ${id}.`)
    return super.find(id)
  }

  protected override matches(summary: SessionSummary, query: SessionQuery): boolean {
    const pairs = Object.entries(query.metadata ?? {})
    return super.matches(summary, query) && pairs.every(([key]) => !(key in {}))
  }
}

/** Text passes through an encoding that has no lone surrogates, as a careless column does. */
class ReplacesSurrogates extends ArrayStore {
  protected override append(session: ArraySession, events: readonly StoredEvent[]): void {
    super.append(
      session,
      JSON.parse(JSON.stringify(events), (_key, value: unknown) => wellFormed(value)) as StoredEvent[],
    )
  }
}

/** A fork sees what its origin does later. */
class ForksShareTheLog extends ArrayStore {
  protected override prefixOf(
    origin: ArraySession,
    fork: { sessionId: SessionId; at: number },
  ): StoredEvent[] {
    const copy = super.prefixOf(origin, fork)
    const push = origin.log.push.bind(origin.log)
    origin.log.push = (...events) => {
      copy.push(...events)
      return push(...events)
    }
    return copy
  }
}

/** Gives a position out twice: the next event takes the place of a deleted one. */
class ReusesPositions extends ArrayStore {
  override async delete(id: SessionId, options: { readonly cascade?: boolean } = {}): Promise<void> {
    await super.delete(id, options)
    this.lastPosition = this.committed.at(-1)?.position ?? 0
  }
}

const broken: readonly [typeof ArrayStore, string][] = [
  [WritesBeforeChecking, 'a stale head is refused, names both heads, and leaves nothing'],
  [NamesNoHeads, 'a stale head is refused, names both heads, and leaves nothing'],
  [ForgetsCommitIds, 'the newest commit id again is answered the same and appends nothing'],
  [ChecksNoHead, 'of two writers at the same head one wins'],
  [PagesByOffset, 'pages stay stable while other sessions come, change and go'],
  [MatchesTitlesAsPatterns, 'titles and metadata are never more than data'],
  [LosesPrototypeNames, 'titles and metadata are never more than data'],
  [ReplacesSurrogates, 'text comes back exactly, whatever it holds'],
  [ForksShareTheLog, 'a fork and its origin go on without each other'],
  [ReusesPositions, 'positions never come again, also when the newest session is deleted'],
]

test('a store that keeps everything keeps every rule', async () => {
  const outcomes = await checkRules(sessionStoreRules, harnessOf(ArrayStore))
  expect(outcomes.filter(({ status }) => status === 'broken')).toEqual([])
  const skipped = outcomes.filter(({ status }) => status === 'skipped')
  expect(new Set(skipped.map(({ reason }) => reason))).toEqual(
    new Set(['the store keeps nothing that could be opened again']),
  )
})

describe('a broken store is caught by the rule it breaks', () => {
  test.each(broken)('%o', async (Store, name) => {
    const rule = sessionStoreRules.filter((each) => each.name === name)
    expect(await checkRules(rule, harnessOf(Store))).toMatchObject([{ name, status: 'broken' }])
  })
})

test('the model finds a broken store and says how to find it again', async () => {
  const report = sessionStoreModel(harnessOf(ChecksNoHead), { seed: 7 })
  await expect(report).rejects.toThrow(/seed: 7, path: .+stale commit to .+replayPath/s)
})

test('rules that need an ability are skipped by name where it is missing', async () => {
  class Bare extends ArrayStore {}
  for (const member of ['fork', 'changes', 'position'])
    Object.defineProperty(Bare.prototype, member, { value: undefined })
  const outcomes = await checkRules(sessionStoreRules, harnessOf(Bare))
  expect(outcomes.filter(({ status }) => status === 'broken')).toEqual([])
  expect(outcomes).toContainEqual({
    name: 'a fork and its origin go on without each other',
    status: 'skipped',
    reason: 'the store has no fork',
  })
})

test('every rule has a name of its own', () => {
  const names = sessionStoreRules.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})

function harnessOf(Store: typeof ArrayStore): StoreHarness {
  return { open: async () => ({ store: new Store(), close: async () => {} }) }
}

function wellFormed(value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed() : value
}
