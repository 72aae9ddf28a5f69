import type { Tap } from '@halter/core'
import type { HookServices } from './hook-services.ts'
import { otherTaps } from './taps/other-taps.ts'
import { promptTaps } from './taps/prompt-taps.ts'
import { sessionTaps } from './taps/session-taps.ts'
import { toolTaps } from './taps/tool-taps.ts'

type TapName = keyof (ReturnType<typeof sessionTaps> &
  ReturnType<typeof promptTaps> &
  ReturnType<typeof toolTaps> &
  ReturnType<typeof otherTaps>)

/** One tap for each moment at which handlers may be called. */
export type HookTaps = { readonly [H in TapName]: Tap<H> }

/** Every moment at which handlers may be called, and what calls them. */
export function createTaps(services: HookServices): HookTaps {
  return {
    ...sessionTaps(services),
    ...promptTaps(services),
    ...toolTaps(services),
    ...otherTaps(services),
  }
}
