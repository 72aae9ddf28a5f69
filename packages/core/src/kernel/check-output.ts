import type { HookName } from '../contracts/hooks.ts'
import { HalterError } from '../errors.ts'
import type { GuardDecision } from './dispatch.ts'
import { HOOK_RULES, type FieldKind } from './hooks.ts'

/**
 * What a transform returned, when the rest of the turn can work with it; `undefined` and `null` are the input as it was.
 * @throws HalterError `ERR_HOOK_INVALID`.
 */
export function checkTransformed(plugin: string, hook: HookName, input: unknown, output: unknown): unknown {
  if (output === undefined || output === null || output === input) return input
  if (kindOf(output) !== 'object')
    throw invalid(plugin, hook, `returned ${show(output)}`, 'an object like its input, or nothing')
  const { fields = {}, fixed = [] } = HOOK_RULES[hook]
  const before = input as Readonly<Record<string, unknown>>
  const after = output as Readonly<Record<string, unknown>>
  for (const [field, kind] of Object.entries<FieldKind>(fields))
    if (!isKind(after[field], kind))
      throw invalid(
        plugin,
        hook,
        `returned an object whose "${field}" is ${show(after[field])}`,
        `${kind} there`,
      )
  for (const field of fixed)
    if (after[field] !== before[field])
      throw invalid(plugin, hook, `changed "${field}"`, `the "${field}" it was given`)
  return output
}

/**
 * What a guard's answer means; `undefined`: no opinion. An answer that says nothing clear is not taken for a yes.
 * @throws HalterError `ERR_HOOK_INVALID`.
 */
export function checkVerdict(plugin: string, hook: HookName, verdict: unknown): GuardDecision | undefined {
  if (verdict === undefined || verdict === null) return undefined
  const isThreefold = hook === 'toolCall.guard' || hook === 'approval.guard'
  const asked = isThreefold ? '{ deny }, { ask }, { allow } or nothing' : '{ deny } or nothing'
  if (kindOf(verdict) !== 'object') throw invalid(plugin, hook, `answered ${show(verdict)}`, asked)
  const { deny, ask, allow, scope } = verdict as Record<'deny' | 'ask' | 'allow' | 'scope', unknown>
  if (typeof deny === 'string') return { kind: 'deny', reason: deny, plugin }
  const isUnclear = deny !== undefined || (ask === undefined && allow === undefined)
  if (isUnclear || !isThreefold) throw invalid(plugin, hook, `answered ${show(verdict)}`, asked)
  if (typeof ask === 'string' && (scope === undefined || typeof scope === 'string'))
    return { kind: 'ask', reason: ask, plugin, ...(scope !== undefined && { scope }) }
  if (ask !== undefined || (allow !== true && typeof allow !== 'string'))
    throw invalid(plugin, hook, `answered ${show(verdict)}`, asked)
  return { kind: 'allow', plugin, ...(allow !== true && { reason: allow }) }
}

function invalid(plugin: string, hook: HookName, what: string, wanted: string): HalterError {
  return new HalterError('ERR_HOOK_INVALID', `${plugin} ${what} in ${hook}. Return ${wanted}.`, {
    plugin,
    hook,
  })
}

function isKind(value: unknown, kind: FieldKind): boolean {
  // A transcript is an object to read, and an array of messages reads the same.
  return kindOf(value) === kind || (kind === 'object' && kindOf(value) === 'array')
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

/** A value in few words; what a plugin returns may be secret, long, or unable to show itself. */
function show(value: unknown): string {
  const kind = kindOf(value)
  if (kind === 'boolean' || kind === 'number' || kind === 'null' || kind === 'undefined') return String(value)
  if (kind !== 'object') return `${kind === 'array' ? 'an' : 'a'} ${kind}`
  const keys = Object.keys(value as object)
  return keys.length === 0 ? 'an empty object' : `an object with ${keys.slice(0, 5).join(', ')}`
}
