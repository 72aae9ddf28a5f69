import { defineTool, jsonSchema } from '@halter/core'
import type { Tool } from '@halter/core'
import { PathLocks } from './files/path-locks.ts'
import { completeOptions } from './options.ts'
import type { ToolsOptions } from './options.ts'

/** What the model asks `edit` for. */
export interface EditInput {
  readonly file_path: string
  readonly old_string: string
  readonly new_string: string
  readonly replace_all?: boolean
  readonly expected_sha256?: string
}

const input = jsonSchema<EditInput>({
  type: 'object',
  properties: {
    file_path: { type: 'string', description: 'Absolute, or from the working directory.' },
    old_string: { type: 'string', description: 'The text to replace, exactly as it is in the file.' },
    new_string: { type: 'string', description: 'The text to put there.' },
    replace_all: {
      type: 'boolean',
      description: 'Replace every occurrence. Default: it must be the only one.',
    },
    expected_sha256: {
      type: 'string',
      description: 'Refuse when the file has another SHA-256 by now, as read with sha256 tells it.',
    },
  },
  required: ['file_path', 'old_string', 'new_string'],
})

/** Makes the tool `edit`: replaces a piece of text in a file. Tools with the same `locks` change a file one after the other. */
export function createEditTool(options: Partial<ToolsOptions> = {}, locks = new PathLocks()): Tool {
  const settings = completeOptions(options)
  return defineTool({
    name: 'edit',
    description:
      'Replaces old_string by new_string in a text file. old_string must be in the file exactly once, spaces included, unless ' +
      'replace_all is set; leave out the line numbers that read shows. CRLF line ends are kept.',
    input,
    effects: 'unsafe',
    concurrency: 'exclusive',
    ...(settings.askToWrite && {
      needsApproval: ({ file_path }: EditInput) => ({
        reason: `edit would change ${JSON.stringify(file_path)}`,
      }),
    }),
    execute: async (input, ctx) =>
      (await import('./files/edit-file.ts')).editFile(input, ctx, { settings, locks }),
  })
}
