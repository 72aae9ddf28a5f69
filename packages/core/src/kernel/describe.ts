import type { RuntimeDescription, TapDescription } from '../contracts/runtime.ts'
import type { PlannedPlugin } from './plan.ts'
import type { RunningGeneration } from './running-generation.ts'
import type { StartedPlugin } from './start-plugin.ts'
import type { TapRecord } from './taps.ts'

/** A generation, as plain data. */
export function describeGeneration(
  generation: RunningGeneration,
): Omit<RuntimeDescription, 'openSessions' | 'runningTurns' | 'retiredGenerations'> {
  const { number, plan, started, carried } = generation.parts
  return {
    generation: number,
    plugins: plan.plugins.map((planned) =>
      describePlugin(planned, started.get(planned.plugin.name)!, carried.plugins),
    ),
    slots: Object.fromEntries(
      Array.from(plan.slots, ([slot, { filler, decorators }]) => [
        slot,
        { plugin: filler, decorators: [...decorators] },
      ]),
    ),
    collections: Object.fromEntries(Array.from(plan.collections, ([name, plugins]) => [name, [...plugins]])),
    taps: Object.fromEntries(
      Array.from(generation.hooks.taps(), ([hook, taps]) => [hook, taps.map(describeTap)]),
    ),
    notStarted: plan.notStarted.map((each) => ({ ...each })),
  }
}

function describePlugin(
  { plugin, lostSlots, origin, presetName }: PlannedPlugin,
  { setupMs }: StartedPlugin,
  carried: ReadonlySet<string>,
): RuntimeDescription['plugins'][number] {
  return {
    name: plugin.name,
    provides: [...plugin.provides],
    contributes: [...plugin.contributes],
    decorates: [...plugin.decorates],
    requires: [...plugin.requires],
    lostSlots: [...lostSlots],
    origin: presetName === undefined ? origin : `preset ${presetName}`,
    setupMs,
    isCarriedOver: carried.has(plugin.name),
  }
}

function describeTap({ plugin, order, calls, totalMs }: TapRecord): TapDescription {
  return { plugin, order: order === 'session' ? 'plain' : order, calls, totalMs }
}
