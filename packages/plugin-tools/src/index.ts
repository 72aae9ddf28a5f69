import { definePlugin } from '@halter/core'
import type { Tool } from '@halter/core'
import { createEditTool } from './edit.ts'
import { createGlobTool } from './glob.ts'
import { PathLocks } from './files/path-locks.ts'
import { createGrepTool } from './grep.ts'
import { completeOptions, optionsSchema, TOOL_NAMES } from './options.ts'
import type { ToolName, ToolsOptions } from './options.ts'
import { createProcessTool } from './process.ts'
import { createReadTool } from './read.ts'
import { createShellTool } from './shell.ts'
import { createTaskTool } from './task.ts'
import { taskState } from './task-list.ts'
import { createWriteTool } from './write.ts'

export {
  createEditTool,
  createGlobTool,
  createGrepTool,
  createProcessTool,
  createReadTool,
  createShellTool,
  createTaskTool,
  createWriteTool,
}
export { PathLocks } from './files/path-locks.ts'
export { taskState } from './task-list.ts'
export type { Task, TaskSummary } from './task-list.ts'
export { DEFAULT_OPTIONS, TOOL_NAMES } from './options.ts'
export type { ToolName, ToolsOptions } from './options.ts'

const CREATE: Readonly<Record<ToolName, (options: ToolsOptions, locks: PathLocks) => Tool>> = {
  read: createReadTool,
  write: createWriteTool,
  edit: createEditTool,
  glob: createGlobTool,
  grep: createGrepTool,
  shell: createShellTool,
  process: createProcessTool,
  task: () => createTaskTool(),
}

/**
 * Adds the tools that `tools` names, or all where it names none, in a fixed order, to every session. What a tool does is loaded at its first call: a start
 * loads names, descriptions and schemas alone.
 */
export default definePlugin({
  name: '@halter/plugin-tools',
  apiVersion: 1,
  config: optionsSchema,
  contributes: ['tools'],
  sessionState: taskState,
  setup({ config }) {
    const options = completeOptions(config)
    const locks = new PathLocks()
    return {
      tools: TOOL_NAMES.filter((name) => isOffered(name, options.tools)).map((name) =>
        CREATE[name](options, locks),
      ),
    }
  },
})

function isOffered(name: ToolName, chosen: readonly ToolName[]): boolean {
  return chosen.length === 0 || chosen.includes(name)
}
