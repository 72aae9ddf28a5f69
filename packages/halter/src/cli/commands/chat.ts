import type { CommandEntry } from '../command-spec.ts'

/** What talks in a terminal. */
export const CHAT_COMMANDS: readonly CommandEntry[] = []
