import type { HookCall } from './hook-call.ts'
import type { TapRecord } from './taps.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * Tells when two plugins rewrite the same field in one call of a hook: the second undoes the first, and neither knows. Adding to
 * what the other wrote is no clash. Each pair is told of once.
 */
export class FieldClashes {
  readonly #told = new Set<string>()

  /** Notes what `tap` changed. */
  note(tap: TapRecord, call: HookCall, before: Fields, after: Fields): void {
    const writers = (call.writers ??= new Map())
    for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
      if (before[field] === after[field]) continue
      const earlier = writers.get(field)
      writers.set(field, tap.plugin)
      if (earlier === undefined || earlier === tap.plugin || keeps(before[field], after[field])) continue
      this.#tell(tap, call, field, earlier)
    }
  }

  #tell({ plugin, hook }: TapRecord, call: HookCall, field: string, earlier: string): void {
    const clash = JSON.stringify([hook, field, earlier, plugin])
    if (this.#told.has(clash)) return
    this.#told.add(clash)
    call.warn(
      'HOOK_FIELD_CLASH',
      `In ${hook}, ${plugin} replaces "${field}", which ${earlier} had just written. If that is not meant, change their order or remove one.`,
      plugin,
    )
  }
}

/** True when everything that was there is still there. */
function keeps(before: unknown, after: unknown): boolean {
  if (typeof before === 'string') return typeof after === 'string' && after.includes(before)
  if (Array.isArray(before)) return Array.isArray(after) && isSubsequence(before, after)
  if (typeof before !== 'object' || before === null) return before === undefined
  if (typeof after !== 'object' || after === null) return false
  return Object.entries(before).every(([key, value]) => (after as Fields)[key] === value)
}

function isSubsequence(part: readonly unknown[], whole: readonly unknown[]): boolean {
  let found = 0
  for (const each of whole) if (found < part.length && each === part[found]) found++
  return found === part.length
}
