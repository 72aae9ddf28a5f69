import { defineTool, jsonSchema } from '@halter/core'
import type { Tool } from '@halter/core'
import { answerFailures, failure, jsonOutput } from './failure.ts'
import { readTasks, summarise, TASK_NOTES } from './task-list.ts'

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
    execute: ({ action, subject = '', description, id }, { session, signal }) =>
      answerFailures(async () => {
        signal.throwIfAborted()
        const tasks = () => readTasks(session.state, plugin)
        if (action === 'list') return jsonOutput({ tasks: [...tasks()], summary: summarise(tasks()) })
        if (action === 'create') {
          if (subject.trim() === '')
            throw failure('create needs a subject: what is to be done, in a few words.')
          const next = (tasks().at(-1)?.id ?? 0) + 1
          const about = description === undefined || description.trim() === '' ? {} : { description }
          await session.note(TASK_NOTES.created, { id: next, subject: subject.trim(), ...about })
          return jsonOutput({ task: taskOf(next), summary: summarise(tasks()) })
        }
        if (id === undefined) throw failure('complete needs the id of a task. list shows them.')
        if (taskOf(id).status === 'pending') await session.note(TASK_NOTES.completed, { id })
        return jsonOutput({ task: taskOf(id), summary: summarise(tasks()) })

        function taskOf(wanted: number) {
          const task = tasks().find((each) => each.id === wanted)
          if (task) return { ...task }
          const known = tasks().map((each) => each.id)
          throw failure(
            `There is no task ${wanted}. ${known.length === 0 ? 'create adds one.' : `There are: ${known.join(', ')}.`}`,
          )
        }
      }),
  })
}
