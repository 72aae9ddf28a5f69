import type { SessionHooks } from '@halter/core'
import type { HookServices } from './hook-services.ts'
import { otherTaps } from './taps/other-taps.ts'
import { promptTaps } from './taps/prompt-taps.ts'
import { sessionTaps } from './taps/session-taps.ts'
import { toolTaps } from './taps/tool-taps.ts'

/** Every moment at which handlers may be called, and what calls them. */
export function createTaps(
  services: HookServices,
): Required<
  Pick<
    SessionHooks,
    | keyof ReturnType<typeof sessionTaps>
    | keyof ReturnType<typeof promptTaps>
    | keyof ReturnType<typeof toolTaps>
    | keyof ReturnType<typeof otherTaps>
  >
> {
  return {
    ...sessionTaps(services),
    ...promptTaps(services),
    ...toolTaps(services),
    ...otherTaps(services),
  }
}
