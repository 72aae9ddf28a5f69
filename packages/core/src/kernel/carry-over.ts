import { areSameOptions } from './options.ts'
import type { PlannedPlugin, StartPlan } from './plan.ts'

/** What the next generation takes over from the running one. */
export interface CarryOver {
  readonly plugins: ReadonlySet<string>
  /** Slots and collections that hold the same value in both. */
  readonly services: ReadonlySet<string>
}

/** Nothing: there is no generation before. */
export const NO_CARRY_OVER: CarryOver = { plugins: new Set(), services: new Set() }

/**
 * A plugin is carried over when it is the same value with the same options, and everything it can see is the same too: whatever it
 * requires, would like, or decorates; of collections those that its `setup` has read, since it sees the others as they are now. (One that an earlier, failed reload had to stop is not running.) Assumes that all who could be are, and takes back until that holds.
 */
export function carryOver(
  next: StartPlan,
  previous: StartPlan,
  running: {
    isRunning(plugin: string): boolean
    /** Whether its `setup` has read a service. */
    hasKept(plugin: string, service: string): boolean
  },
): CarryOver {
  const old = new Map(previous.plugins.map((each) => [each.plugin.name, each]))
  const carried = new Map(
    next.plugins
      .filter(
        (planned) => isSame(planned, old.get(planned.plugin.name)) && running.isRunning(planned.plugin.name),
      )
      .map((planned) => [planned.plugin.name, planned.plugin]),
  )
  const isCarried = (name: string): boolean => carried.has(name)
  for (let taken = true; taken;) {
    taken = false
    for (const [name, { requires, optional, decorates }] of carried) {
      const seesTheSame =
        [...requires, ...optional].every(
          (service) =>
            isSameService(service, next, previous, isCarried) ||
            (next.collections.has(service) && !running.hasKept(name, service)),
        ) && decorates.every((slot) => isSameBelow(name, slot, next, previous, isCarried))
      if (!seesTheSame) taken = carried.delete(name)
    }
  }
  const services = [...next.slots.keys(), ...next.collections.keys()].filter((service) =>
    isSameService(service, next, previous, isCarried),
  )
  return { plugins: new Set(carried.keys()), services: new Set(services) }
}

function isSame(planned: PlannedPlugin, old: PlannedPlugin | undefined): boolean {
  return (
    old !== undefined &&
    old.plugin === planned.plugin &&
    areSameOptions(old.options, planned.options) &&
    areSameLists(old.lostSlots, planned.lostSlots)
  )
}

type IsCarried = (plugin: string) => boolean

/** True when the same plugins stand behind a service, in the same order, and all of them are carried over. */
function isSameService(service: string, next: StartPlan, previous: StartPlan, isCarried: IsCarried): boolean {
  const now = sources(service, next)
  return areSameLists(now, sources(service, previous)) && now.every(isCarried)
}

/** The same for what a decorator wraps: the filler, and decorators before it. */
function isSameBelow(
  decorator: string,
  slot: string,
  next: StartPlan,
  previous: StartPlan,
  isCarried: IsCarried,
): boolean {
  const [now, before] = [next, previous].map((plan) => {
    const all = sources(slot, plan)
    return all.slice(0, all.indexOf(decorator))
  }) as [string[], string[]]
  return areSameLists(now, before) && now.every(isCarried)
}

function sources(service: string, { slots, collections }: StartPlan): readonly string[] {
  const slot = slots.get(service)
  return slot ? [slot.filler, ...slot.decorators] : (collections.get(service) ?? [])
}

function areSameLists(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index])
}
