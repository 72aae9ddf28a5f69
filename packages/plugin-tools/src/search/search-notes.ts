import { SEARCH_BUDGET_MS } from './run-search.ts'
import type { SearchAnswer } from './search-request.ts'

/** What a reader of a search's result must know about what it did not look at; empty when it looked at all. */
export function searchNotes({
  isIncomplete,
  unreadable,
}: Exclude<SearchAnswer, { kind: 'refused' }>): string {
  const slow = isIncomplete
    ? ` The search stopped after ${SEARCH_BUDGET_MS / 1000} s: there may be more. Search a smaller folder.`
    : ''
  return unreadable > 0 ? `${slow} ${unreadable} files or folders could not be read.` : slow
}
