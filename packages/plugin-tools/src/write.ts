import { defineTool, jsonSchema } from '@halter/core'
import type { Tool } from '@halter/core'
import { PathLocks } from './files/path-locks.ts'
import { completeOptions } from './options.ts'
import type { ToolsOptions } from './options.ts'

/** What the model asks `write` for. */
export interface WriteInput {
  readonly file_path: string
  readonly content: string
}

const input = jsonSchema<WriteInput>({
  type: 'object',
  properties: {
    file_path: { type: 'string', description: 'Absolute, or from the working directory.' },
    content: { type: 'string', description: 'The whole new content.' },
  },
  required: ['file_path', 'content'],
})

/** Makes the tool `write`: puts a whole file in place, in one step. Tools with the same `locks` change a file one after the other. */
export function createWriteTool(options: Partial<ToolsOptions> = {}, locks = new PathLocks()): Tool {
  const settings = completeOptions(options)
  return defineTool({
    name: 'write',
    description:
      'Writes a file: replaces what it held, or makes it, with the folders it needs. To change a part of a file, use edit.',
    input,
    effects: 'idempotent',
    concurrency: 'exclusive',
    ...(settings.askToWrite && {
      needsApproval: ({ file_path }: WriteInput) => ({
        reason: `write would replace or make ${JSON.stringify(file_path)}`,
      }),
    }),
    execute: async (input, ctx) =>
      (await import('./files/write-file.ts')).writeFile(input, ctx, { settings, locks }),
  })
}
