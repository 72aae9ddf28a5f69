import type { Json, PluginReducer, SessionState } from '@halter/protocol'

/** A task of a session. */
export interface Task {
  /** From 1, in the order of creation. */
  readonly id: number
  readonly subject: string
  readonly description?: string
  readonly status: 'pending' | 'completed'
}

/** How many tasks there are. */
export interface TaskSummary {
  readonly total: number
  readonly pending: number
  readonly completed: number
}

/** The names of the notes that the list is folded from. */
export const TASK_NOTES = Object.freeze({ created: 'task.created', completed: 'task.completed' })

/** Folds the list of tasks. A note that does not fit changes nothing. */
export const taskState: PluginReducer = Object.freeze({
  version: 1,
  initial: { tasks: [] },
  reduce(state: Json, { name, data }: { readonly name: string; readonly data: Json }): Json {
    const { tasks } = state as unknown as { readonly tasks: readonly Task[] }
    const note = data as unknown as Task
    if (name === TASK_NOTES.created) {
      if (tasks.some(({ id }) => id === note.id)) return state
      return { tasks: [...tasks, { ...note, status: 'pending' }] } as unknown as Json
    }
    if (name !== TASK_NOTES.completed) return state
    const done = tasks.map((task) => (task.id === note.id ? { ...task, status: 'completed' } : task))
    return { tasks: done } as unknown as Json
  },
})

/** The tasks of a session, the oldest first. */
export function readTasks(state: SessionState, plugin: string): readonly Task[] {
  const value = state.plugins.get(plugin)?.value as { readonly tasks: readonly Task[] } | undefined
  return value?.tasks ?? []
}

/** Counts tasks. */
export function summarise(tasks: readonly Task[]): TaskSummary {
  const completed = tasks.filter(({ status }) => status === 'completed').length
  return { total: tasks.length, pending: tasks.length - completed, completed }
}
