import type { CommandEntry } from '../command-spec.ts'

/** What looks at skills, agents, commands and plugins that files declare. */
export const RESOURCES_COMMANDS: readonly CommandEntry[] = []
