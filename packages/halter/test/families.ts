import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { SessionSummary, StoredEvent } from '@halter/protocol'
import { jsonLines, place, type Finished, type Place } from './halter.ts'

const core = JSON.stringify(new URL('../../core/src/index.ts', import.meta.url).href)

/** A trusted project whose model asks a child session before it answers; both say `text`. */
export function familyPlace(text = 'So it is.'): Place {
  const at = place({
    'halter.config.json': { plugins: ['./ask.mjs'], model: 'scripted/script.mjs' },
    'script.mjs': `
      export default ({ tools, messages }) => {
        const calls = tools.length > 0 && messages.at(-1).role === 'user'
        return calls ? { toolCalls: [{ name: 'ask' }] } : { text: ${JSON.stringify(text)} }
      }`,
    'ask.mjs': `
      import { definePlugin, defineTool } from ${core}
      const ask = defineTool({
        name: 'ask', description: 'Asks a child.', input: { type: 'object' }, effects: 'none', concurrency: 'parallel',
        async execute(_, { session }) {
          const child = await session.openChild({ task: 'Answer.', tools: [] })
          return (await child.result).text
        },
      })
      export default definePlugin({
        name: 'acme-ask', apiVersion: 1, contributes: ['tools'], setup: () => ({ tools: [ask] }),
      })`,
  })
  const start: Place['start'] = (args, options = {}) =>
    at.start(args, { ...options, env: { HALTER_TRUST: '1', ...options.env } })
  return { ...at, start, halter: (args, options) => start(args, options).finished }
}

/** The same working folder with a halter of its own that knows nothing. */
export function elsewhere(at: Place): {
  readonly home: string
  run(args: readonly string[], stdin?: string): Promise<Finished>
} {
  const home = join(at.home, '..', 'elsewhere')
  mkdirSync(home, { recursive: true })
  const env = { HALTER_HOME: home }
  return { home, run: (args, stdin) => at.halter(args, { env, ...(stdin !== undefined && { stdin }) }) }
}

/** Every session, children included, the newest first. */
export async function sessionsOf(at: Place, ...args: string[]): Promise<SessionSummary[]> {
  const { stdout } = await at.halter(['sessions', 'list', '--children', '--json', ...args])
  return jsonLines<SessionSummary>(stdout)
}

/** The events of a session. */
export async function eventsOf(at: Place, id: string): Promise<StoredEvent[]> {
  return jsonLines<StoredEvent>((await at.halter(['sessions', 'replay', id, '--json'])).stdout)
}
