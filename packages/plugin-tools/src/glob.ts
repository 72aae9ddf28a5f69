import { defineTool, jsonSchema } from '@halter/core'
import type { Tool } from '@halter/core'
import { completeOptions } from './options.ts'
import type { ToolsOptions } from './options.ts'
import type { FileType } from './search/search-request.ts'

/** More names than these tell a model nothing that the total does not. */
export const MAX_FILES = 200

/** What the model asks `glob` for. */
export interface GlobInput {
  readonly pattern: string
  readonly path?: string
  readonly type?: FileType
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
    type: {
      type: 'string',
      enum: ['file', 'folder', 'link'],
      description: 'Only these. Default: files and links.',
    },
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
    execute: async (input, ctx) => (await import('./search/glob-files.ts')).globFiles(input, ctx, settings),
  })
}
