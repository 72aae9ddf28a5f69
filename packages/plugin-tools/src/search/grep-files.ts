import type { ToolContext, ToolOutput } from '@halter/core'
import { answerFailures } from '../failure.ts'
import type { GrepInput } from '../grep.ts'
import type { ToolsOptions } from '../options.ts'
import { runSearch, SEARCH_BUDGET_MS } from './run-search.ts'
import { searchNotes } from './search-notes.ts'
import { findPlace } from './search-place.ts'
import type { GrepAnswer, GrepMode } from './search-request.ts'

/** Lines of context that can be asked for on either side. */
const MAX_CONTEXT = 100

/** Does the work of the tool `grep`. */
export function grepFiles(input: GrepInput, ctx: ToolContext, settings: ToolsOptions): Promise<ToolOutput> {
  return answerFailures(() => grep(input, ctx, settings))
}

async function grep(input: GrepInput, ctx: ToolContext, settings: ToolsOptions): Promise<string> {
  const { pattern, glob, type, output_mode: mode = 'files_with_matches', multiline = false } = input
  const around = input['-C'] ?? 0
  const place = await findPlace(input.path ?? '.', ctx, settings)
  const answer = await runSearch(
    {
      kind: 'grep',
      ...place,
      maxDepth: place.only === undefined ? Number.MAX_SAFE_INTEGER : 1,
      budgetMs: SEARCH_BUDGET_MS,
      pattern,
      mode,
      multiline,
      ignoreCase: input['-i'] ?? false,
      lineNumbers: input['-n'] ?? true,
      before: Math.min(input['-B'] ?? around, MAX_CONTEXT),
      after: Math.min(input['-A'] ?? around, MAX_CONTEXT),
      ...(glob !== undefined && glob !== '' && { glob }),
      ...(type !== undefined && type !== '' && { type }),
      maxLines: Math.min(input.head_limit || settings.maxLines, settings.maxLines),
      maxBytes: settings.maxOutputBytes,
    },
    ctx.signal,
  )
  return show(answer, pattern, mode)
}

function show(answer: GrepAnswer, pattern: string, mode: GrepMode): string {
  const lenient = answer.isLenient
    ? ' The parentheses of the pattern are not balanced, and were taken as text.'
    : ''
  const notes = `${lenient}${searchNotes(answer)}${tooLargeNote(answer)}`
  if (answer.files === 0) return `[Nothing fits "${pattern}" in ${countFiles(answer.searched)}.${notes}]`
  const { lines, totalLines } = answer
  const cut =
    lines.length < totalLines
      ? ` ${lines.length} of ${totalLines} lines are shown; narrow the search to see the others.`
      : ''
  return `${lines.join('\n')}\n[${total(answer, mode)}.${cut}${notes}]`
}

function total({ matches, files }: GrepAnswer, mode: GrepMode): string {
  const inFiles = countFiles(files)
  // Of a file that is only named, the first match is all that was looked for.
  if (mode === 'files_with_matches') return inFiles
  return `${matches} ${matches === 1 ? 'match' : 'matches'} in ${inFiles}`
}

function countFiles(count: number): string {
  return count === 1 ? '1 file' : `${count} files`
}

function tooLargeNote({ tooLarge }: GrepAnswer): string {
  if (tooLarge.length === 0) return ''
  return ` Files over 32 MiB were not searched: ${tooLarge.join(', ')}${tooLarge.length === 5 ? ', …' : ''}. Use a command for them.`
}
