import { defineTool, jsonSchema, type Tool } from '@halter/core'
import type { GrantBook } from './turn-grants.ts'

/** What the model asks `skill` for. */
export interface SkillInput {
  readonly name: string
  readonly arguments?: string
  readonly file?: string
}

/** The tool `skill`: how a model gets the know-how that the prompt only names. What a skill may use is noted in `book`. */
export function createSkillTool(book: GrantBook): Tool {
  return defineTool<SkillInput>({
    name: 'skill',
    // Which skills there are stands in the prompt: here it would change the tools, and with them everything that is cached.
    description:
      'Loads a skill: know-how for one kind of task, with the files that belong to it. Load a skill before a task that it fits, once. With "file", reads one of its files.',
    input: jsonSchema<SkillInput>({
      type: 'object',
      properties: {
        name: { type: 'string', description: 'The name of the skill.' },
        arguments: {
          type: 'string',
          description: 'What the skill is to be used for, where it asks for that.',
        },
        file: { type: 'string', description: 'A file of the skill, from its folder.' },
      },
      required: ['name'],
      additionalProperties: false,
    }),
    // What its commands do is theirs to say.
    effects: 'unsafe',
    concurrency: 'exclusive',
    // Its commands have a time of their own, and a person may be asked for them.
    timeoutMs: 0,
    async execute(input, ctx) {
      const { runSkillTool } = await import('./run-skill-tool.ts')
      return runSkillTool(input, ctx, book)
    },
  })
}
