import type { CacheBreakpoint } from '@halter/core'
import type { PromptSegment } from '@halter/protocol'

/**
 * Where a prompt's bytes are worth caching, at most four places: after the tools; after what every session shares; after what
 * this session keeps; after the newest message, so that the next step finds all before it.
 */
export function breakpointsOf(
  system: readonly PromptSegment[],
  messages: number,
  hasTools: boolean,
): readonly CacheBreakpoint[] {
  const breakpoints: CacheBreakpoint[] = []
  if (hasTools) breakpoints.push({ after: 'tools' })
  const changing = system.findIndex(({ stability }) => stability !== 'static')
  const lastStatic = (changing === -1 ? system.length : changing) - 1
  const last = system.length - 1
  if (lastStatic >= 0) breakpoints.push({ after: 'system', index: lastStatic })
  if (last > lastStatic) breakpoints.push({ after: 'system', index: last })
  if (messages > 0) breakpoints.push({ after: 'message', index: messages - 1 })
  return breakpoints
}
