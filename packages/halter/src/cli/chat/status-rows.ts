import { printableLine } from '../printable.ts'
import { cutToWidth } from '../text-width.ts'
import type { Conversation } from './conversation.ts'

const FRAMES = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'
/** Waiting prompts that are shown. */
const SHOWN = 4

/** What waits, and what is going on: the rows above the line that is written while a turn runs. */
export function statusRows(
  { waiting, steering, isBusy }: Pick<Conversation, 'waiting' | 'steering' | 'isBusy'>,
  {
    sinceMs,
    width,
    isAsking,
  }: { readonly sinceMs: number; readonly width: number; readonly isAsking: boolean },
): string[] {
  const rows = [
    ...steering.map((text) => `  will be read at the next step: ${text}`),
    ...waiting.slice(0, SHOWN).map((text) => `  waits: ${text}`),
    ...(waiting.length > SHOWN ? [`  … ${waiting.length - SHOWN} more wait`] : []),
  ]
  if (isBusy && !isAsking) {
    const frame = FRAMES[Math.floor(sinceMs / 120) % FRAMES.length]
    const seconds = Math.floor(sinceMs / 1000)
    rows.push(`${frame} ${seconds} s · Enter queues, Tab says it now, Ctrl-C interrupts`)
  }
  return rows.map((row) => cutToWidth(printableLine(row), width - 1))
}
