import type { CommandEntry, CommandSpec } from './command-spec.ts'
import { CHAT_COMMANDS } from './commands/chat.ts'
import { CONFIG_COMMANDS } from './commands/config.ts'
import { CONFORMANCE_COMMANDS } from './commands/conformance.ts'
import { HOOKS_COMMANDS } from './commands/hooks.ts'
import { PLUGINS_COMMANDS } from './commands/plugins.ts'
import { RESOURCES_COMMANDS } from './commands/resources.ts'
import { RUN_COMMANDS } from './commands/run.ts'
import { SESSIONS_COMMANDS } from './commands/sessions.ts'

/** Every command, in the order of the help. */
export const COMMAND_ENTRIES: readonly CommandEntry[] = [
  ...RUN_COMMANDS,
  ...CHAT_COMMANDS,
  ...SESSIONS_COMMANDS,
  ...HOOKS_COMMANDS,
  ...RESOURCES_COMMANDS,
  ...CONFIG_COMMANDS,
  ...PLUGINS_COMMANDS,
  ...CONFORMANCE_COMMANDS,
]

/** What can be known of them without running one. */
export const COMMANDS: readonly CommandSpec[] = COMMAND_ENTRIES.map(({ spec }) => spec)
