/** Options of `@halter/plugin-context-default`. */
export interface ContextSettings {
  /** Instead of the shipped prompt that asks for a summary. */
  readonly compactionPrompt?: string
  /** Added to the prompt that asks for a summary. */
  readonly compactionInstructions?: string
}
