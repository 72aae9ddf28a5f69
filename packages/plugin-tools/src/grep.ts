import { defineTool, jsonSchema } from '@halter/core'
import type { Tool, ToolContext } from '@halter/core'
import { answerFailures } from './failure.ts'
import { searchNotes } from './glob.ts'
import { completeOptions } from './options.ts'
import type { ToolsOptions } from './options.ts'
import { runSearch, SEARCH_BUDGET_MS } from './search/run-search.ts'
import { findPlace } from './search/search-place.ts'
import type { GrepAnswer, GrepMode } from './search/search-request.ts'

/** Lines of context that can be asked for on either side. */
const MAX_CONTEXT = 100

interface GrepInput {
  readonly pattern: string
  readonly path?: string
  readonly glob?: string
  readonly type?: string
  readonly output_mode?: GrepMode
  readonly '-i'?: boolean
  readonly '-n'?: boolean
  readonly '-A'?: number
  readonly '-B'?: number
  readonly '-C'?: number
  readonly head_limit?: number
  readonly multiline?: boolean
}

const count = { type: 'integer', minimum: 0 }
const input = jsonSchema<GrepInput>({
  type: 'object',
  properties: {
    pattern: {
      type: 'string',
      minLength: 1,
      description: 'A regular expression (RE2 syntax, as in ripgrep).',
    },
    path: { type: 'string', description: 'File or folder to search. Default: the working directory.' },
    glob: { type: 'string', description: 'Only files that fit, such as "*.ts" or "src/**".' },
    type: { type: 'string', description: 'Only files of a language: ts, js, py, rust, go, json, …' },
    output_mode: {
      enum: ['content', 'files_with_matches', 'count'],
      type: 'string',
      description: 'Matching lines, paths (the default), or the number of matching lines per file.',
    },
    '-i': { type: 'boolean', description: 'Ignore case.' },
    '-n': { type: 'boolean', description: 'Line numbers with content. Default true.' },
    '-A': { ...count, description: 'Lines of context after a match.' },
    '-B': { ...count, description: 'Lines of context before a match.' },
    '-C': { ...count, description: 'Lines of context on both sides.' },
    head_limit: { ...count, description: 'Show only so many lines of the result. Totals stay exact.' },
    multiline: { type: 'boolean', description: 'A match may span lines, and "." fits a line end.' },
  },
  required: ['pattern'],
})

/** Makes the tool `grep`: the lines or files in which a pattern is found. */
export function createGrepTool(options: Partial<ToolsOptions> = {}): Tool {
  const settings = completeOptions(options)
  return defineTool({
    name: 'grep',
    description:
      'Searches the content of files with a regular expression. Hidden files count; binary files, node_modules, .git and what ' +
      '.gitignore excludes are left out unless path names them.',
    input,
    effects: 'none',
    concurrency: 'read-only',
    execute: (input, ctx) => answerFailures(() => grep(input, ctx, settings)),
  })
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
  const notes = `${searchNotes(answer)}${tooLargeNote(answer)}`
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
