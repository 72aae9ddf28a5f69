import { defineTool, jsonSchema } from '@halter/core'
import type { Tool } from '@halter/core'

/** Signals that can be asked for. */
export const SIGNALS = ['KILL', 'TERM', 'INT', 'HUP', 'QUIT', 'USR1', 'USR2', 'STOP', 'CONT'] as const

/** What the model asks `process` for. */
export interface ProcessInput {
  readonly action: 'list_descendants' | 'kill_tree'
  readonly pid?: number
  readonly signal: (typeof SIGNALS)[number]
}

/** Makes the tool `process`: shows and ends what the session's commands left running, and nothing else. */
export function createProcessTool(): Tool {
  return defineTool({
    name: 'process',
    description:
      'Looks after processes that commands of shell left in the background. list_descendants shows all of them, or those below pid. ' +
      'kill_tree signals pid and everything below it (default KILL), and says what became of each. Other processes are out of reach.',
    input: jsonSchema<ProcessInput>({
      type: 'object',
      properties: {
        action: { type: 'string', enum: ['list_descendants', 'kill_tree'] },
        pid: { type: 'integer', description: 'Required for kill_tree.' },
        signal: { type: 'string', enum: [...SIGNALS], default: 'KILL' },
      },
      required: ['action'],
    }),
    effects: 'unsafe',
    concurrency: 'exclusive',
    execute: async (input, ctx) => (await import('./shell/run-process.ts')).runProcess(input, ctx),
  })
}
