import { PlayedSession, type PlayOptions } from '@halter/testkit'
import { contextReducer, contextStateOf, PLUGIN, type ContextState } from '../src/context-state.ts'

/** A session that folds the plugin's notes. */
export function play(options: PlayOptions = {}): PlayedSession {
  return new PlayedSession({ reducers: new Map([[PLUGIN, contextReducer]]), ...options })
}

/** What the plugin remembers of a session. */
export function known(session: PlayedSession): ContextState {
  return contextStateOf(session.state)
}

/** Text of about as many tokens, by the rule of thumb. */
export function words(tokens: number, seed = 'word'): string {
  return `${seed} `.repeat(Math.ceil((tokens * 3.7) / (seed.length + 1)))
}

/** What is in the window, in a word each. */
export function roles({ state }: PlayedSession): readonly string[] {
  return state.transcript
    .slice()
    .map((message) => (message.role === 'user' ? (message.origin ?? 'user') : message.role))
}
