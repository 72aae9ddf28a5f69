import type { CommandEntry } from '../command-spec.ts'

/** What looks at hooks. */
export const HOOKS_COMMANDS: readonly CommandEntry[] = []
