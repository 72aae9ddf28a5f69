import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Which of the shipped system prompts to use. */
export type Preset = 'general' | 'coding'

/** The software part follows the general one, so that both share one text. */
const FILES: Readonly<Record<Preset, readonly string[]>> = {
  general: ['default-system.md'],
  coding: ['default-system.md', 'coding-system.md'],
}

/** The text of a preset, from `@halter/prompts`. */
export function loadPreset(preset: Preset): string {
  return FILES[preset]
    .map((file) => readFileSync(fileURLToPath(import.meta.resolve(`@halter/prompts/${file}`)), 'utf8').trim())
    .join('\n\n')
}
