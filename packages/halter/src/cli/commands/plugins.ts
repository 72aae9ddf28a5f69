import type { CommandEntry } from '../command-spec.ts'

/** What looks at plugins, and changes which there are. */
export const PLUGINS_COMMANDS: readonly CommandEntry[] = []
