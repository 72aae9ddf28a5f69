import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Which of the shipped system prompts to use. */
export type Preset = 'general' | 'coding'

/** The text of a preset, from `@halter/prompts`. The software part follows the general one, so that both share one text. */
export function loadPreset(preset: Preset): string {
  const general = read(import.meta.resolve('@halter/prompts/default-system.md'))
  if (preset === 'general') return general
  return `${general}\n\n${read(import.meta.resolve('@halter/prompts/coding-system.md'))}`
}

function read(url: string): string {
  return readFileSync(fileURLToPath(url), 'utf8').trim()
}
