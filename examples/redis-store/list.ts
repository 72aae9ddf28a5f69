import { HalterError, type SessionPage, type SessionQuery } from '@halter/core'
import type { SessionSummary } from '@halter/protocol'

/** A session in the index: its id as JSON, and when it was last active. */
export interface IndexEntry {
  readonly value: string
  readonly score: number
}

/** What comes behind a cursor. A cursor is a place in the order, not a count: pages stay stable when sessions come and go. */
export function startPage(index: readonly IndexEntry[], cursor: string | undefined): readonly IndexEntry[] {
  if (cursor === undefined) return index
  const [, time, member] = /^(\d+)_(.+)$/su.exec(cursor) ?? []
  if (time === undefined || member === undefined)
    throw new HalterError(
      'ERR_SESSION_INPUT',
      `"${cursor}" is not the cursor of a list. Pass "next" of a page.`,
    )
  const place = { value: member, score: Number(time) }
  return index.filter((entry) => isBehind(entry, place))
}

/** The page, and the cursor of the next one when there is more. */
export function endPage(
  found: readonly { readonly entry: IndexEntry; readonly summary: SessionSummary }[],
  limit: number,
): SessionPage {
  const page = found.slice(0, limit)
  const last = page.at(-1)?.entry
  return {
    sessions: page.map(({ summary }) => summary),
    ...(last && found.length > limit && { next: `${last.score}_${last.value}` }),
  }
}

/** Conditions beside the time, which the index knows itself. */
export function matches(summary: SessionSummary, query: SessionQuery): boolean {
  const { parentId, status, title, metadata, workingDir } = query
  return (
    (parentId === undefined || (summary.parentId ?? null) === parentId) &&
    (status === undefined || summary.status === status) &&
    (title === undefined || summary.title.toLowerCase().includes(title.toLowerCase())) &&
    (workingDir === undefined || summary.workingDir === workingDir) &&
    Object.entries(metadata ?? {}).every(
      ([key, value]) => Object.hasOwn(summary.metadata, key) && summary.metadata[key] === value,
    )
  )
}

/** Newest first; of equally new ones, Redis orders by bytes, and from behind. */
function isBehind(entry: IndexEntry, place: IndexEntry): boolean {
  if (entry.score !== place.score) return entry.score < place.score
  return Buffer.compare(Buffer.from(entry.value), Buffer.from(place.value)) < 0
}
