import { definePlugin, jsonSchema } from '@halter/core'
import { DefaultPromptAssembler } from './assembler.ts'
import { loadPreset, type Preset } from './load-preset.ts'

export { DefaultPromptAssembler } from './assembler.ts'
export type { AssemblerTexts } from './assembler.ts'
export type { Preset } from './load-preset.ts'

/** Options of `@halter/plugin-prompt-default`. */
export interface PromptOptions {
  /** Which of the shipped system prompts. Default `coding`. */
  readonly preset: Preset
  /** Instead of a shipped one. */
  readonly systemPrompt?: string
  /** Added after the system prompt of every session. */
  readonly appendSystemPrompt?: string
  /**
   * `listed`: name and description of each skill; a model reads the skill that it needs. `whole`: every skill in full, in every
   * call. Default `listed`.
   */
  readonly skills: 'listed' | 'whole'
}

/** Turns a context plan into a prompt that providers can cache. */
export default definePlugin({
  name: '@halter/plugin-prompt-default',
  apiVersion: 1,
  config: jsonSchema<PromptOptions>({
    type: 'object',
    additionalProperties: false,
    properties: {
      preset: {
        enum: ['general', 'coding'],
        default: 'coding',
        description: 'which of the shipped system prompts',
      },
      systemPrompt: { type: 'string', description: 'instead of a shipped one' },
      appendSystemPrompt: {
        type: 'string',
        description: 'added after the system prompt of every session',
      },
      skills: {
        enum: ['listed', 'whole'],
        default: 'listed',
        description: 'name and description of each skill, or every skill in full in every call',
      },
    },
  }),
  provides: ['promptAssembler'],
  setup: ({ config: { preset, systemPrompt = loadPreset(preset), ...texts } }) => ({
    promptAssembler: new DefaultPromptAssembler({ systemPrompt, ...texts }),
  }),
})
