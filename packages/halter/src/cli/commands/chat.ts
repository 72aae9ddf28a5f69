import { type CommandEntry, type CommandSpec, runtimeOptions } from '../command-spec.ts'
import { sessionChoice, sessionSettings } from './session-options.ts'

/** `halter chat` */
export const CHAT = {
  name: 'chat',
  summary: 'talk in a terminal, or answer each line of stdin',
  arguments: {
    usage: '[prompt]',
    min: 0,
    max: Infinity,
    summary: 'what to begin with',
  },
  options: { ...sessionSettings, ...sessionChoice, ...runtimeOptions },
  examples: ['halter chat', 'halter chat --continue', 'printf "%s\\n" "First." "Then." | halter chat'],
} as const satisfies CommandSpec

/** What talks in a terminal. */
export const CHAT_COMMANDS: readonly CommandEntry[] = [
  { spec: CHAT, load: async () => (await import('../chat/chat.ts')).chat },
]
