import { isAbsolute, join } from 'node:path'
import { defineTool, jsonSchema } from '@halter/core'
import type { Tool, ToolContext } from '@halter/core'
import { answerFailures, failure } from './failure.ts'
import { completeOptions } from './options.ts'
import type { ToolsOptions } from './options.ts'
import { runSearch, SEARCH_BUDGET_MS } from './search/run-search.ts'
import { findPlace } from './search/search-place.ts'
import type { GlobAnswer } from './search/search-request.ts'
import { capList } from './text.ts'

/** More names than these tell a model nothing that the total does not. */
const MAX_FILES = 200

interface GlobInput {
  readonly pattern: string
  readonly path?: string
}

const input = jsonSchema<GlobInput>({
  type: 'object',
  properties: {
    pattern: {
      type: 'string',
      minLength: 1,
      description: 'Such as "src/**/*.{ts,tsx}"; "*" stays within one folder.',
    },
    path: { type: 'string', description: 'The folder to search. Default: the working directory.' },
  },
  required: ['pattern'],
})

/** Makes the tool `glob`: the files whose path fits a pattern, newest first. */
export function createGlobTool(options: Partial<ToolsOptions> = {}): Tool {
  const settings = completeOptions(options)
  return defineTool({
    name: 'glob',
    description:
      'Finds files by their path, newest first. Hidden files count; node_modules, .git and what .gitignore excludes are left out ' +
      `unless path names them. At most ${MAX_FILES} are listed; the total is always said.`,
    input,
    effects: 'none',
    concurrency: 'read-only',
    execute: (input, ctx) => answerFailures(() => glob(input, ctx, settings)),
  })
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
      maxDepth: depthOf(pattern),
      maxFiles: MAX_FILES,
      budgetMs: SEARCH_BUDGET_MS,
    },
    ctx.signal,
  )
  return show(answer, input, settings)
}

/** The folders that a pattern begins with, literally, and the rest. So only they are walked, and `..` is seen. */
export function splitPattern(pattern: string): { readonly base: string; readonly pattern: string } {
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

function show(answer: GlobAnswer, { pattern }: GlobInput, settings: ToolsOptions): string {
  const notes = searchNotes(answer)
  if (answer.total === 0) {
    const hint = pattern.includes('/') ? '' : ` "**/${pattern}" would look into the folders below as well.`
    return `[No file fits "${pattern}".${hint}${notes}]`
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
  return `${text}\n[${answer.total} ${answer.total === 1 ? 'file fits' : 'files fit'}.${cut}${notes}]`
}

/** What a reader of a search's result must know about what it did not look at; empty when it looked at all. */
export function searchNotes({
  isIncomplete,
  unreadable,
}: Pick<GlobAnswer, 'isIncomplete' | 'unreadable'>): string {
  const slow = isIncomplete
    ? ` The search stopped after ${SEARCH_BUDGET_MS / 1000} s: there may be more. Search a smaller folder.`
    : ''
  return unreadable > 0 ? `${slow} ${unreadable} files or folders could not be read.` : slow
}
