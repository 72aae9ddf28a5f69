import { definePlugin, type HookName, type Plugin } from '@halter/core'

/** How many taps sit on every hook that the work passes, and of which sort. They do nothing: what is measured is being called. */
export interface TapSetup {
  readonly count: number
  readonly sort: 'synchronous' | 'asynchronous'
}

export const NO_TAPS: TapSetup = { count: 0, sort: 'synchronous' }
/** What the goals are stated for. */
export const ONE_TAP: TapSetup = { count: 1, sort: 'synchronous' }
export const TEN_TAPS: TapSetup = { count: 10, sort: 'synchronous' }
export const ONE_ASYNC_TAP: TapSetup = { count: 1, sort: 'asynchronous' }

const HOOKS = [
  'session.transform',
  'session.start',
  'turn.start',
  'prompt.transform',
  'prompt.guard',
  'context.transform',
  'request.transform',
  'response.transform',
  'response.guard',
  'toolCall.transform',
  'toolCall.guard',
  'toolResult.transform',
  'toolCall.end',
  'turn.guard',
  'turn.end',
  'session.end',
] as const satisfies readonly HookName[]

/** A plugin that taps every hook of a turn. */
export function tapsPlugin({ count, sort }: TapSetup): Plugin {
  const tap = sort === 'synchronous' ? () => undefined : async () => undefined
  return definePlugin({
    name: '@halter/bench/taps',
    apiVersion: 1,
    setup({ hooks }) {
      for (const hook of HOOKS) for (let index = 0; index < count; index++) hooks.tap(hook, tap)
      return {}
    },
  })
}
