import type { Json } from '@halter/protocol'
import { isObject, type JsonObject } from './json.ts'

/**
 * A call of our `task` as a call of Claude Code's `TodoWrite`: the task that it is about is the one entry of `todos`, with the keys of
 * the Agent SDK's `TodoWriteInput`; what has no counterpart there keeps its name. An input that is none of ours is left as it is.
 */
export function todosIn(input: JsonObject): JsonObject {
  const todos = todosOf(input)
  if (!todos) return input
  const { subject: _, ...rest } = input
  return { ...(input['action'] === 'create' ? rest : input), todos }
}

/** An input that {@link todosIn} has shown and a handler returned, as our tool takes it: the first entry names the task. */
export function todosFrom(input: Json, updated: JsonObject): JsonObject {
  if (!isObject(input) || !todosOf(input) || !Array.isArray(updated['todos'])) return updated
  const { todos, ...rest } = updated
  if (input['action'] !== 'create') return rest
  const [first] = todos as readonly Json[]
  const subject = first !== undefined && isObject(first) ? first['content'] : undefined
  return typeof subject === 'string' ? { ...rest, subject } : rest
}

function todosOf(input: JsonObject): Json[] | undefined {
  const { action, subject, id } = input
  if (Object.hasOwn(input, 'todos')) return undefined
  switch (action) {
    case 'list':
      return []
    case 'create':
      return typeof subject === 'string'
        ? [{ content: subject, status: 'pending', activeForm: subject }]
        : undefined
    case 'complete':
      return typeof id === 'number'
        ? [{ id: String(id), content: `#${id}`, status: 'completed', activeForm: `#${id}` }]
        : undefined
    default:
      return undefined
  }
}
