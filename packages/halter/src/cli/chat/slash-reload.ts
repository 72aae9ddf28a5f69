import { isHalterError, type RuntimeDescription } from '@halter/core'
import type { SlashContext } from './slash-commands.ts'

/** `/reload`: all of it, or nothing. */
export async function reload({ open, note, reload }: SlashContext): Promise<void> {
  const before = open.runtime.describe()
  try {
    await reload()
  } catch (error) {
    const why = isHalterError(error) ? `${error.message} (${error.code})` : String(error)
    return note(`Nothing was reloaded: ${why}`)
  }
  note(describeReload(before, open.runtime.describe()))
}

function describeReload(before: RuntimeDescription, after: RuntimeDescription): string {
  // The chat's own eyes are none of the user's plugins.
  const shown = after.plugins.filter(({ name }) => name !== 'halter/chat')
  const old = new Set(before.plugins.map(({ name }) => name))
  const now = new Set(after.plugins.map(({ name }) => name))
  const parts = [
    ['new', shown.filter(({ name }) => !old.has(name))],
    ['gone', before.plugins.filter(({ name }) => !now.has(name))],
    ['started again', shown.filter(({ name, isCarriedOver }) => old.has(name) && !isCarriedOver)],
  ] as const
  const changes = parts
    .filter(([, plugins]) => plugins.length > 0)
    .map(([what, plugins]) => `${what}: ${plugins.map(({ name }) => name).join(', ')}`)
  const running = after.runningTurns > 0 ? ' The running turn keeps what it began with.' : ''
  return `Reloaded, generation ${after.generation}. ${changes.join('; ') || 'Nothing is different'}.${running}`
}
