import { HalterError, type SessionQuery } from '@halter/core'
import type { SessionSummary } from '@halter/protocol'

/** Where a session stands in a list: newest activity first, and of equally new ones the one created last. */
export interface ListKey {
  readonly updatedAt: number
  readonly number: number
}

/** Sorts by {@link ListKey}. */
export function newestFirst(a: ListKey, b: ListKey): number {
  return b.updatedAt - a.updatedAt || b.number - a.number
}

/** The key of a page's last session, as text. A key, not a count: pages stay stable when sessions come and go. */
export function encodeCursor({ updatedAt, number }: ListKey): string {
  return `${updatedAt}_${number}`
}

/** @throws HalterError `ERR_SESSION_INPUT` when the text is no cursor. */
export function decodeCursor(cursor: string): ListKey {
  const [updatedAt, number] = cursor.split('_').map(Number)
  if (updatedAt === undefined || number === undefined || Number.isNaN(updatedAt) || Number.isNaN(number))
    throw new HalterError(
      'ERR_SESSION_INPUT',
      `"${cursor}" is not the cursor of a list. Pass "next" of a page.`,
    )
  return { updatedAt, number }
}

/** True when every condition of the query holds. */
export function matches(summary: SessionSummary, query: SessionQuery): boolean {
  const { parentId, status, title, metadata, workingDir, since, until } = query
  return (
    (parentId === undefined || (summary.parentId ?? null) === parentId) &&
    (status === undefined || summary.status === status) &&
    (title === undefined || summary.title.toLowerCase().includes(title.toLowerCase())) &&
    (metadata === undefined ||
      Object.entries(metadata).every(([key, value]) => hasPair(summary, key, value))) &&
    (workingDir === undefined || summary.workingDir === workingDir) &&
    (since === undefined || summary.updatedAt >= since) &&
    (until === undefined || summary.updatedAt <= until)
  )
}

function hasPair({ metadata }: SessionSummary, key: string, value: string): boolean {
  return Object.hasOwn(metadata, key) && metadata[key] === value
}
