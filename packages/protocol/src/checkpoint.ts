import type { PluginReducers, SessionFold } from './fold.ts'
import type { Injections } from './injections.ts'
import type { Ledger } from './ledger.ts'
import type { Json } from './messages.ts'
import type { SeqRange } from './plan.ts'
import type { ChildRecord, InjectedSegment, PluginState, UsageLedger } from './state.ts'
import type { MessageWindow } from './window.ts'

/**
 * A shortcut past the beginning of a long log. It holds scalars, plugin states and *where* the live messages are, never their
 * bodies, so that its size does not follow the session's.
 */
export interface Checkpoint {
  /** The fold of events 1 to `seq` leads to this. */
  readonly seq: number
  /** Version of `state`'s shape; a reader that has another folds from the start. */
  readonly v: number
  /** The folded state without transcript and open calls. */
  readonly state: Json
  /** Which events hold the live messages, in the order of the transcript. */
  readonly messages: readonly SeqRange[]
  /** How many live messages they hold: what a reader checks. */
  readonly messageCount: number
}

/** The version that this code writes and reads. */
export const CHECKPOINT_VERSION = 1

/** What is folded from more than one event and kept apart from the scalars. */
export interface FoldParts {
  readonly reducers: PluginReducers
  /** Plugins that left notes and have no reducer here: what folds them later must see the whole log. */
  readonly unreduced: Set<string>
  readonly window: MessageWindow
  readonly ledger: Ledger
  readonly injections: Injections
}

/** Scalars of the state that are stored as they are. */
const SCALARS = [
  'sessionId',
  'updatedAt',
  'createdAt',
  'blueprint',
  'turn',
  'lastTurn',
  'turns',
  'anchor',
  'compactions',
  'title',
  'metadata',
  'isClosed',
] as const satisfies readonly (keyof SessionFold)[]

interface Stored extends Pick<SessionFold, (typeof SCALARS)[number]> {
  readonly grants: readonly string[]
  readonly children: readonly ChildRecord[]
  readonly plugins: readonly (readonly [string, PluginState])[]
  readonly unreduced: readonly string[]
  readonly isSplit: boolean
  readonly usage: UsageLedger
  readonly injected: readonly (readonly [number, InjectedSegment])[]
}

/** The checkpoint of a state; undefined while calls are open or the log is newer than this code. */
export function checkpointOf(
  state: SessionFold,
  { window, ledger, injections, unreduced }: FoldParts,
): Checkpoint | undefined {
  const isBusy = state.openCalls.size > 0 || state.pluginCalls.size > 0 || state.approvals.size > 0
  if (isBusy || state.readOnly) return undefined
  const stored = {
    ...Object.fromEntries(SCALARS.map((key) => [key, state[key]])),
    grants: [...state.grants],
    children: [...state.children.values()],
    plugins: [...state.plugins],
    unreduced: [...unreduced],
    isSplit: window.isSplit,
    usage: ledger.view,
    injected: injections.entries,
  }
  return {
    seq: state.head,
    v: CHECKPOINT_VERSION,
    state: JSON.parse(JSON.stringify(stored)) as Json,
    messages: window.ranges,
    messageCount: window.length,
  }
}

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isNumber = (value: unknown): boolean => typeof value === 'number'
const isUsage = (value: unknown): boolean =>
  isObject(value) && isNumber((value as Stored['usage']['total']).inputTokens)
const isPair = (value: unknown): boolean => Array.isArray(value) && value.length === 2

/** The shape of what must be there. What is inside was checked when it was stored, by whoever made it. */
const SHAPE: { readonly [K in keyof Stored]?: (value: unknown) => boolean } = {
  sessionId: (value) => typeof value === 'string',
  updatedAt: isNumber,
  createdAt: isNumber,
  turns: isNumber,
  compactions: isNumber,
  blueprint: isObject,
  metadata: isObject,
  isClosed: (value) => typeof value === 'boolean',
  isSplit: (value) => typeof value === 'boolean',
  grants: Array.isArray,
  children: (value) => Array.isArray(value) && value.every(isObject),
  plugins: (value) => Array.isArray(value) && value.every((each) => isPair(each) && isObject(each[1])),
  unreduced: Array.isArray,
  injected: (value) => Array.isArray(value) && value.every((each) => isPair(each) && isObject(each[1])),
  usage: (value) => {
    const { total, children, inherited, byPurpose } = (value ?? {}) as Stored['usage']
    return [total, children, inherited].every(isUsage) && isObject(byPurpose)
  },
}

function isStored({ state, messages, messageCount }: Checkpoint): boolean {
  return (
    isObject(state) &&
    Object.entries(SHAPE).every(([key, isRight]) =>
      isRight((state as unknown as Stored)[key as keyof Stored]),
    ) &&
    Array.isArray(messages) &&
    messages.every((range) => isObject(range) && isNumber(range.from) && isNumber(range.to)) &&
    isNumber(messageCount)
  )
}

/**
 * Whether the reducers of today lead from a checkpoint to what they would make of the whole log.
 * @throws TypeError for one that is damaged.
 */
export function canRestore(checkpoint: Checkpoint, reducers: PluginReducers): boolean {
  if (checkpoint.v !== CHECKPOINT_VERSION) return false
  if (!isStored(checkpoint))
    throw new TypeError(`the checkpoint at seq ${checkpoint.seq} is not what was stored`)
  const { plugins, unreduced } = checkpoint.state as unknown as Stored
  return (
    unreduced.every((plugin) => !reducers.has(plugin)) &&
    plugins.every(([plugin, { version, frozen }]) => {
      const reducer = reducers.get(plugin)
      if (!reducer || reducer.version === version) return true
      return version < reducer.version && reducer.migrate !== undefined && frozen === undefined
    })
  )
}

/** Puts a checkpoint that can be restored into a state that has its messages, and nothing else. */
export function restoreInto(state: SessionFold, checkpoint: Checkpoint, parts: FoldParts): void {
  const { window, ledger, injections } = parts
  const stored = checkpoint.state as unknown as Stored
  for (const key of SCALARS) if (stored[key] !== undefined) Object.assign(state, { [key]: stored[key] })
  state.head = checkpoint.seq
  window.split(checkpoint.messages, stored.isSplit)
  for (const scope of stored.grants) state.grants.add(scope)
  for (const child of stored.children) state.children.set(child.childId, child)
  for (const plugin of stored.unreduced) parts.unreduced.add(plugin)
  for (const [plugin, kept] of stored.plugins) restorePlugin(state, plugin, kept, parts)
  ledger.restore(stored.usage)
  for (const [seq, segment] of stored.injected) injections.add(segment, seq)
}

function restorePlugin(
  state: SessionFold,
  plugin: string,
  kept: PluginState,
  { reducers, unreduced }: FoldParts,
): void {
  const reducer = reducers.get(plugin)
  if (!reducer) {
    unreduced.add(plugin)
    return
  }
  const { version, migrate } = reducer
  if (kept.version === version || !migrate) {
    state.plugins.set(plugin, kept)
    return
  }
  try {
    state.plugins.set(plugin, { version, value: migrate.call(reducer, kept.value, kept.version) })
  } catch (error) {
    state.plugins.set(plugin, { ...kept, frozen: error instanceof Error ? error.message : String(error) })
  }
}
