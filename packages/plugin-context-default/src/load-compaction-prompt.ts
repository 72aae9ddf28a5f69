import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The shipped prompt that asks for a summary. Read when it is needed: compactions are rare. */
export function loadCompactionPrompt(): string {
  return readFileSync(fileURLToPath(import.meta.resolve('@halter/prompts/default-compaction.md')), 'utf8')
}
