import type { ToolContext, ToolOutput } from '@halter/core'
import { answerFailures, failure, jsonOutput } from './failure.ts'
import { readTasks, summarise, TASK_NOTES, type Task } from './task-list.ts'
import type { TaskInput } from './task.ts'

/** Does the work of the tool `task`; the list is in the state of `plugin`. */
export function runTask(input: TaskInput, ctx: ToolContext, plugin: string): Promise<ToolOutput> {
  const { session, signal } = ctx
  const tasks = (): readonly Task[] => readTasks(session.state, plugin)
  return answerFailures(async () => {
    signal.throwIfAborted()
    switch (input.action) {
      case 'list':
        return jsonOutput({ tasks: [...tasks()], summary: summarise(tasks()) })
      case 'create': {
        const { subject = '', description = '' } = input
        if (subject.trim() === '')
          throw failure('create needs a subject: what is to be done, in a few words.')
        const id = (tasks().at(-1)?.id ?? 0) + 1
        const about = description.trim() === '' ? {} : { description }
        await session.note(TASK_NOTES.created, { id, subject: subject.trim(), ...about })
        return jsonOutput({ task: taskOf(id, tasks()), summary: summarise(tasks()) })
      }
      case 'complete': {
        const { id } = input
        if (id === undefined) throw failure('complete needs the id of a task. list shows them.')
        if (taskOf(id, tasks()).status === 'pending') await session.note(TASK_NOTES.completed, { id })
        return jsonOutput({ task: taskOf(id, tasks()), summary: summarise(tasks()) })
      }
    }
  })
}

function taskOf(id: number, tasks: readonly Task[]): Task {
  const task = tasks.find((each) => each.id === id)
  if (task) return task
  const known = tasks.map((each) => each.id).join(', ')
  throw failure(`There is no task ${id}. ${known === '' ? 'create adds one.' : `There are: ${known}.`}`)
}
