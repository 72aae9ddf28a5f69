import type { ChildHandle, ChildResult, SpawnRequest, Tool } from '@halter/core'
import { tool } from './tools.ts'

/** Children that `spawn` has opened, in order. */
export interface Spawned {
  readonly handles: ChildHandle[]
  readonly results: ChildResult[]
}

/** A tool that opens a child as its input says and answers with what it said. */
export function spawning(spawned: Spawned, name = 'spawn'): Tool {
  return tool(name, async (input, ctx) => {
    const request = { task: 'a task', ...(input as Partial<SpawnRequest>), callId: ctx.callId }
    const handle = await ctx.session.openChild(request)
    spawned.handles.push(handle)
    const result = await handle.result
    spawned.results.push(result)
    return `${result.outcome}: ${result.text}`
  })
}

/** A place for children. */
export function noneSpawned(): Spawned {
  return { handles: [], results: [] }
}
