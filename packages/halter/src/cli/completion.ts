import { COMMANDS } from './command-table.ts'
import type { Output } from './output.ts'
import { UsageError } from './usage-error.ts'

/** `halter completion <shell>`: a script that completes commands, options and their values. */
export async function printCompletion(
  _: object,
  [shell]: readonly string[],
  output: Output,
): Promise<number> {
  output.data(await script(shell!))
  return 0
}

const SHELLS = ['bash', 'zsh', 'fish']

async function script(shell: string): Promise<string> {
  if (shell === 'bash') return (await import('./completion/bash.ts')).bashCompletion(COMMANDS)
  if (shell === 'zsh') return (await import('./completion/zsh.ts')).zshCompletion(COMMANDS)
  if (shell === 'fish') return (await import('./completion/fish.ts')).fishCompletion(COMMANDS)
  const cure = `There is: ${SHELLS.join(', ')}.`
  throw new UsageError(
    { message: `There is no completion for "${shell}".`, unknown: { word: shell, known: SHELLS }, cure },
    'completion',
  )
}
