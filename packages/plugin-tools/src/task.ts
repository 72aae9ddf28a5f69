import { defineTool, jsonSchema } from '@halter/core'
import type { Tool } from '@halter/core'

/** What the model asks `task` for. */
export interface TaskInput {
  readonly action: 'create' | 'list' | 'complete'
  readonly subject?: string
  readonly description?: string
  readonly id?: number
}

/**
 * Makes the tool `task`: a list of what is to be done, one per session. It is folded from notes in the log, so it is there after a
 * restart, and in a fork. `plugin` is the name of the plugin that contributes the tool and has `taskState` as its `sessionState`.
 */
export function createTaskTool(plugin = '@halter/plugin-tools'): Tool {
  return defineTool({
    name: 'task',
    description:
      'Keeps the list of tasks of this session. create adds one (subject, and description if it helps), complete marks the one with id ' +
      'as done, list shows all. Use it for work of several steps: it is there after an interruption.',
    input: jsonSchema<TaskInput>({
      type: 'object',
      properties: {
        action: { type: 'string', enum: ['create', 'list', 'complete'] },
        subject: { type: 'string', description: 'What is to be done; for create.' },
        description: { type: 'string', description: 'Details; for create.' },
        id: { type: 'integer', description: 'Which one; for complete.' },
      },
      required: ['action'],
    }),
    effects: 'unsafe',
    concurrency: 'exclusive',
    execute: async (input, ctx) => (await import('./run-task.ts')).runTask(input, ctx, plugin),
  })
}
