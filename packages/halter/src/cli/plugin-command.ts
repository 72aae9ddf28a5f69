import { isHalterError, type Command } from '@halter/core'
import type { LoadedConfig } from '@halter/core/host'
import { COMMANDS } from './command-table.ts'
import { INTERRUPTED, listenForInterrupts } from './interrupts.ts'
import { isInteractive, loadConfiguration } from './load-configuration.ts'
import { startRuntime } from './open-runtime.ts'
import type { Output } from './output.ts'
import { createProbe } from './plugin-probe.ts'
import { UsageError } from './usage-error.ts'

/**
 * Runs a command that a configured plugin has added. Undefined when none of them has it, or when the configuration cannot be
 * read: then the word is as unknown as it looks.
 */
export async function runPluginCommand(
  [word, ...args]: readonly string[],
  output: Output,
): Promise<number | undefined> {
  const loaded = await loadQuietly(output)
  if (!loaded || !contributesCommands(loaded.config)) return undefined
  const probe = createProbe()
  const { runtime } = await startRuntime(loaded, { plugins: [probe.plugin] })
  const interrupts = listenForInterrupts((name) =>
    output.complain(`${name}: ending. Once more leaves at once.`),
  )
  try {
    const command = probe.commands().find(({ name }) => name === word)
    if (!command) throw unknown(word!, probe.commands())
    const code = await command.run(args, AbortSignal.any([interrupts.signal, output.readerGone]))
    return interrupts.signal.aborted ? INTERRUPTED : code
  } finally {
    interrupts.stop()
    await runtime.shutdown()
  }
}

/** Where nobody can be asked, an untrusted folder adds no command; that is no reason to refuse those of the user. */
async function loadQuietly(output: Output): Promise<{ config: LoadedConfig; cwd: string } | undefined> {
  try {
    return await loadConfiguration(isInteractive() ? {} : { ask: () => Promise.resolve('no') }, output)
  } catch (error) {
    if (!isHalterError(error)) throw error
    output.complain(`Plugins could not be asked for commands. ${error.message}`)
    return undefined
  }
}

function contributesCommands({ runtime: { plugins = [], presets = [] } }: LoadedConfig): boolean {
  const entries = [...plugins, ...presets.flatMap((preset) => preset.plugins)]
  return entries.some((entry) => ('name' in entry ? entry : entry[0]).contributes.includes('commands'))
}

function unknown(word: string, commands: readonly Command[]): UsageError {
  const own = COMMANDS.map(({ name }) => name.split(' ', 1)[0]!)
  const known = [...new Set([...own, ...commands.map(({ name }) => name)])]
  const cure = `Plugins have: ${commands.map(({ name }) => name).join(', ')}.`
  return new UsageError({ message: `There is no command "${word}".`, unknown: { word, known }, cure })
}
