import type { CommandEntry } from '../command-spec.ts'

/** What looks at the configuration, and at what it may do. */
export const CONFIG_COMMANDS: readonly CommandEntry[] = []
