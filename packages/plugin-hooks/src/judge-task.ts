import type { ToolCall, ToolVerdict } from '@halter/core'
import type { Json } from '@halter/protocol'
import { dispatch } from './dispatch.ts'
import type { Moment } from './hook-services.ts'
import type { HookSession } from './hook-session.ts'
import { isObject } from './json.ts'
import type { Judged } from './merge-answers.ts'
import { observed, type Subject } from './subject.ts'

/** What handlers of tasks come to. Without opinion on everything that is no such call. */
export interface TaskRound {
  readonly verdict?: Extract<ToolVerdict, { readonly deny: string }>
  readonly stop?: Judged
}

/**
 * `TaskCreated` and `TaskCompleted`, before it is so: a handler that blocks keeps the list as it is, and the model reads why. Fields:
 * Claude Code's hooks reference. A call that the tool will refuse is nobody's event.
 */
export async function judgeTask(hooks: HookSession, call: ToolCall, moment: Moment): Promise<TaskRound> {
  const subject = aboutTask(hooks, call)
  const merged = subject && (await dispatch(hooks, subject, moment))
  if (!merged?.verdict || merged.verdict.kind === 'allow') return {}
  const { verdict, stop } = merged
  return { verdict: { deny: `${verdict.reason} (${verdict.handler.source.file})` }, ...(stop && { stop }) }
}

/** Of `@halter/plugin-tools`, whose list it is. */
interface Task {
  readonly id: number
  readonly subject: string
  readonly description?: string
  readonly status: 'pending' | 'completed'
}

function aboutTask(hooks: HookSession, { name, input, callId }: ToolCall): Subject | undefined {
  if (name !== 'task' || !isObject(input)) return undefined
  const { action, id, subject = '', description = '' } = input
  const tasks = tasksOf(hooks)
  if (action === 'complete') {
    const task = tasks.find((each) => each.id === id && each.status === 'pending')
    return task && { ...observed('TaskCompleted', [], payloadOf(task)), callId }
  }
  if (action !== 'create' || typeof subject !== 'string' || subject.trim() === '') return undefined
  const next = (tasks.at(-1)?.id ?? 0) + 1
  const about = typeof description === 'string' && description.trim() !== '' ? { description } : {}
  return {
    ...observed('TaskCreated', [], payloadOf({ id: next, subject: subject.trim(), ...about })),
    callId,
  }
}

function payloadOf({ id, subject, description }: Omit<Task, 'status'>): Readonly<Record<string, Json>> {
  return {
    task_id: String(id),
    task_subject: subject,
    ...(description !== undefined && { task_description: description }),
  }
}

function tasksOf({ session }: HookSession): readonly Task[] {
  const value = session.state.plugins.get('@halter/plugin-tools')?.value
  const tasks = isObject(value) ? value['tasks'] : undefined
  return Array.isArray(tasks) ? tasks : []
}
