import { EMPTY_RESOURCES, type ResourceSnapshot } from '../contracts/resources.ts'
import { toErrorWire } from '../errors.ts'
import { Activity } from '../turn/activity.ts'
import type { Session } from './session.ts'

/** What was found, and what kept more from being found. */
export interface ReadResources {
  readonly resources: ResourceSnapshot
  readonly problem?: { readonly code: string; readonly message: string }
}

/** The resources as they are now; none where the source fails, which is told and nothing worse. */
export async function readResources(activity: Activity): Promise<ReadResources> {
  try {
    const found = await activity.abort.settle(activity.session.resourcesFor(activity))
    return { resources: found ?? EMPTY_RESOURCES }
  } catch (error) {
    const { code, message } = toErrorWire(error)
    return { resources: EMPTY_RESOURCES, problem: { code, message } }
  }
}

/** Those that the running turn has pinned; between turns, as they are now. */
export async function currentResources(session: Session): Promise<ResourceSnapshot> {
  const pinned = session.turns.current?.resources
  if (pinned) return pinned
  const activity = new Activity(session)
  const release = session.holdFor(activity)
  try {
    const { resources, problem } = await readResources(activity)
    if (problem)
      activity.warn(
        problem.code,
        `The resources could not be read, so there are none: ${problem.message}`,
        undefined,
      )
    return resources
  } finally {
    await activity.release()
    release()
  }
}
