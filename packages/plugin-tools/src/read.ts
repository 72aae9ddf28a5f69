import { defineTool, jsonSchema } from '@halter/core'
import type { Tool } from '@halter/core'
import { completeOptions } from './options.ts'
import type { ToolsOptions } from './options.ts'

/** What the model asks `read` for. */
export interface ReadInput {
  readonly file_path: string
  readonly offset?: number
  readonly limit?: number
  readonly sha256?: boolean
}

const input = jsonSchema<ReadInput>({
  type: 'object',
  properties: {
    file_path: { type: 'string', description: 'File or folder; absolute, or from the working directory.' },
    offset: { type: 'integer', minimum: 0, description: 'First line to show, from 1.' },
    limit: { type: 'integer', minimum: 1, description: 'Number of lines to show.' },
    sha256: {
      type: 'boolean',
      description: 'Also tell the SHA-256 of the whole file, for expected_sha256 of edit.',
    },
  },
  required: ['file_path'],
})

/** Makes the tool `read`: lines of a text file with their numbers, a picture, or the names in a folder. */
export function createReadTool(options: Partial<ToolsOptions> = {}): Tool {
  const settings = completeOptions(options)
  return defineTool({
    name: 'read',
    description:
      `Reads a file. Text comes as "<line number>\\t<line>", at most ${settings.maxLines} lines at a time; the end of the result says ` +
      'how to read on. PNG, JPEG, GIF and WebP come as pictures. A folder is listed. Other binary files are refused.',
    input,
    effects: 'none',
    concurrency: 'read-only',
    execute: async (input, ctx) => (await import('./files/read-file.ts')).readFile(input, ctx, settings),
  })
}
