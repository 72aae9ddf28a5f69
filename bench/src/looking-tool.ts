import { defineTool, jsonSchema, type Tool } from '@halter/core'

/** What a look returns: as much as a short file. */
const FOUND = 'export const answer = 42 // as long as the lines of a real file are, more or less\n'.repeat(5)

/** A trivial tool, for the floor and, with its input checked, for the runtime. */
export class LookingTool {
  /** When each call began, by `performance.now`. */
  readonly times: number[] = []
  /** Called at the beginning of each call. */
  onCall: ((call: number) => void) | undefined

  readonly run = async (): Promise<string> => {
    this.onCall?.(this.times.length)
    this.times.push(performance.now())
    return FOUND
  }

  /** For the runtime. */
  readonly tool: Tool = defineTool<{ at: number; path: string }>({
    name: 'look',
    description: 'Looks at a file.',
    input: jsonSchema({
      type: 'object',
      properties: { at: { type: 'integer' }, path: { type: 'string' } },
      required: ['at', 'path'],
      additionalProperties: false,
    }),
    effects: 'none',
    concurrency: 'parallel',
    execute: this.run,
  })

  reset(): void {
    this.times.length = 0
    this.onCall = undefined
  }
}
