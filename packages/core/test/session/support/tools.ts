import { defineTool, type StandardSchema, type Tool, type ToolContext, type ToolReturn } from '@halter/core'
import type { Json } from '@halter/protocol'

/** Takes any object, at once and with no library. */
export const anyInput: StandardSchema<Record<string, Json>> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => ({ value: value as Record<string, Json> }),
    jsonSchema: { input: () => ({ type: 'object' }) },
  },
}

/** A tool that takes anything; by default one that only looks and may run beside others. */
export function tool(
  name: string,
  execute: (input: Record<string, Json>, ctx: ToolContext) => ToolReturn | Promise<ToolReturn>,
  rest: Partial<Pick<Tool, 'effects' | 'concurrency' | 'timeoutMs' | 'needsApproval'>> = {},
): Tool {
  return defineTool({
    name,
    description: name,
    input: anyInput,
    effects: 'none',
    concurrency: 'parallel',
    execute,
    ...rest,
  })
}

/** A tool that answers with its own name and input. */
export const echo = tool('echo', (input) => `echo ${JSON.stringify(input)}`)

/** A tool that never settles, whatever its signal says. */
export const stuck = tool('stuck', () => new Promise<never>(() => {}))
