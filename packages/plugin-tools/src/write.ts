import { defineTool, jsonSchema } from '@halter/core'
import type { Tool } from '@halter/core'
import { answerFailures } from './failure.ts'
import { completeOptions } from './options.ts'
import type { ToolsOptions } from './options.ts'
import { replaceFile } from './files/replace-file.ts'
import { absolutePath, accessOf } from './files/roots.ts'
import { formatBytes } from './text.ts'

interface WriteInput {
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

/** Makes the tool `write`: puts a whole file in place, in one step. */
export function createWriteTool(options: Partial<ToolsOptions> = {}): Tool {
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
    execute: ({ file_path, content }, { workingDir, signal }) =>
      answerFailures(async () => {
        const access = await accessOf('write', workingDir, settings)
        const path = absolutePath(file_path, workingDir)
        const { existed, path: written } = await replaceFile({ path, content, signal }, access)
        return `${existed ? 'Replaced' : 'Made'} ${written} (${formatBytes(Buffer.byteLength(content))}).`
      }),
  })
}
