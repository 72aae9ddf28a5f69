import { defineTool, jsonSchema } from '@halter/core'
import type { Tool } from '@halter/core'
import { completeOptions } from './options.ts'
import type { ToolsOptions } from './options.ts'
import type { GrepMode } from './search/search-request.ts'

/** What the model asks `grep` for. */
export interface GrepInput {
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
    execute: async (input, ctx) => (await import('./search/grep-files.ts')).grepFiles(input, ctx, settings),
  })
}
