import { isAbsolute, join } from 'node:path'
import type { ToolContext, ToolOutput } from '@halter/core'
import { answerFailures, failure } from '../failure.ts'
import { MAX_FILES } from '../glob.ts'
import type { GlobInput } from '../glob.ts'
import type { ToolsOptions } from '../options.ts'
import { capList } from '../text.ts'
import { runSearch, SEARCH_BUDGET_MS } from './run-search.ts'
import { searchNotes } from './search-notes.ts'
import { findPlace } from './search-place.ts'
import type { GlobAnswer } from './search-request.ts'

/** Does the work of the tool `glob`. */
export function globFiles(input: GlobInput, ctx: ToolContext, settings: ToolsOptions): Promise<ToolOutput> {
  return answerFailures(() => glob(input, ctx, settings))
}

async function glob(input: GlobInput, ctx: ToolContext, settings: ToolsOptions): Promise<string> {
  const { base, pattern } = splitPattern(input.pattern)
  const from = isAbsolute(base) ? base : join(input.path ?? '.', base)
  const { only, ...place } = await findPlace(from, ctx, settings)
  if (only !== undefined) throw failure(`${from} is a file. Give the folder to search in, or read the file.`)
  const answer = await runSearch(
    {
      kind: 'glob',
      ...place,
      pattern,
      ...(input.type !== undefined && { type: input.type }),
      maxDepth: depthOf(pattern),
      maxFiles: MAX_FILES,
      budgetMs: SEARCH_BUDGET_MS,
    },
    ctx.signal,
  )
  return show(answer, input, settings)
}

/** The folders that a pattern begins with, literally, and the rest. So only they are walked, and `..` is seen. */
function splitPattern(pattern: string): { readonly base: string; readonly pattern: string } {
  const parts = pattern.split('/')
  const wild = parts.findIndex((part) => /[*?[\]{}\\]|[!+@]\(/.test(part))
  // The last part is a name even when it is literal.
  const cut = wild === -1 ? parts.length - 1 : wild
  const base = parts.slice(0, cut).join('/')
  return {
    base: base === '' && pattern.startsWith('/') ? '/' : base || '.',
    pattern: parts.slice(cut).join('/') || '*',
  }
}

/** The deepest level of folders that a pattern can reach: `**` and repeated groups reach all. */
function depthOf(pattern: string): number {
  return /\*\*|[*+?@!]\(/.test(pattern) ? Number.MAX_SAFE_INTEGER : pattern.split('/').length
}

function show(answer: GlobAnswer, { pattern, type = 'file' }: GlobInput, settings: ToolsOptions): string {
  const notes = searchNotes(answer)
  if (answer.total === 0) {
    const hint = pattern.includes('/') ? '' : ` "**/${pattern}" would look into the folders below as well.`
    return `[No ${type} fits "${pattern}".${hint}${notes}]`
  }
  const { text, shown } = capList(answer.lines, {
    maxEntries: settings.maxLines,
    maxBytes: settings.maxOutputBytes,
  })
  if (shown === answer.total && notes === '') return text
  const cut =
    shown < answer.total
      ? ` The ${shown} newest of them are shown; narrow the pattern to see the others.`
      : ''
  return `${text}\n[${answer.total} ${answer.total === 1 ? `${type} fits` : `${type}s fit`}.${cut}${notes}]`
}
