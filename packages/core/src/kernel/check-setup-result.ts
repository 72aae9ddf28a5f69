import { scopeOf } from '../define-plugin.ts'
import type { PlannedPlugin } from './plan.ts'

/** What a plugin's `setup` returned, when it is what the manifest says. */
export type SetupResult = Readonly<Record<string, unknown>>

/** Slots that are read where no session is. */
const BEFORE_SESSIONS: ReadonlySet<string> = new Set(['logger', 'sessionStore', 'keyValue', 'clock', 'ids'])

/** Everything that is wrong with what `setup` returned, in words; empty: nothing. */
export function checkSetupResult(planned: PlannedPlugin, result: unknown): string[] {
  const { provides, contributes, decorates } = planned.plugin
  const declared = new Set([...provides, ...contributes, ...decorates])
  if (result === undefined && declared.size === 0) return []
  if (typeof result !== 'object' || result === null)
    return [
      `it returned ${name(result)} instead of an object with ${[...declared].join(', ') || 'nothing in it'}`,
    ]
  const returned = result as SetupResult
  const isLost = (slot: string): boolean => planned.lostSlots.includes(slot)
  return [
    ...Object.keys(returned)
      .filter((key) => !declared.has(key))
      .map((key) => `it returned "${key}", which the manifest does not declare`),
    ...provides
      .filter((slot) => !isLost(slot))
      .map((slot) => wrong(slot, returned, 'provides', checkSlot(slot, returned[slot]))),
    ...contributes.map((key) => wrong(key, returned, 'contributes', checkCollection(returned[key]))),
    ...decorates.map((slot) => wrong(slot, returned, 'decorates', checkDecorator(returned[slot]))),
  ].filter((problem) => problem !== undefined)
}

function wrong(
  key: string,
  returned: SetupResult,
  verb: string,
  problem: string | undefined,
): string | undefined {
  if (problem === undefined) return undefined
  if (!Object.hasOwn(returned, key))
    return `the manifest says that it ${verb} "${key}", and it did not return that`
  return `what it returned as "${key}" is ${problem}`
}

function checkSlot(slot: string, value: unknown): string | undefined {
  const scope = scopeOf(value)
  if (scope === undefined) return checkService(value)
  return BEFORE_SESSIONS.has(slot) ? `made per ${scope}, and it is needed before there is any` : undefined
}

/** Why a value can be no service; undefined: it can. */
export function checkService(value: unknown): string | undefined {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return name(value)
  return typeof (value as { then?: unknown }).then === 'function' ? 'a promise; await it first' : undefined
}

function checkCollection(value: unknown): string | undefined {
  if (!Array.isArray(value)) return `${name(value)}, not an array`
  const bad = value.findIndex((each) => typeof each !== 'object' || each === null)
  return bad === -1 ? undefined : `an array whose element ${bad} is ${name(value[bad])}`
}

function checkDecorator(value: unknown): string | undefined {
  return typeof value === 'function'
    ? undefined
    : `${name(value)}, not a function that takes the inner service`
}

function name(value: unknown): string {
  if (value === undefined || value === null) return String(value)
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`
}
