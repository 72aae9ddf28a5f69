import type { Limits, SessionBlueprint } from '@halter/protocol'
import type { TurnResult } from '../contracts/runtime.ts'
import type { ChildHandle, ChildResult, SpawnRequest } from '../contracts/subagents.ts'
import { HalterError, toErrorWire } from '../errors.ts'
import { Activity } from '../turn/activity.ts'
import { checkLimits } from './blueprint.ts'
import { outcomeOf } from './child-outcome.ts'
import { createSession } from './open-session.ts'
import type { Session } from './session.ts'

/** How deep children nest, and how many of one session run at once, where its limits do not say. */
const DEFAULT_DEPTH = 3
const DEFAULT_FAN_OUT = 8

/** Children that have been let in and are not there yet, per parent: what makes the fan-out free of races. */
const arriving = new WeakMap<Session, number>()

/**
 * Opens a child session and starts its first turn. The parent's log knows of the child before the child is stored, so a crash between
 * the two leaves a record and no orphan. The child is aborted with the parent's turn.
 * @throws HalterError `ERR_SUBAGENT_LIMIT`, `ERR_TURN_REFUSED`, or what storing it failed with.
 */
export async function openChild(parent: Session, asked: SpawnRequest): Promise<ChildHandle> {
  const leave = enter(parent)
  let own: Activity | undefined
  try {
    const activity = parent.turns.current ?? (own = new Activity(parent))
    const request = await judgeRequest(activity, asked)
    const blueprint = childBlueprint(parent, request)
    await parent.log.append([spawned(activity, blueprint, request)])
    const child = await store(parent, blueprint)
    parent.children.add(child)
    leave()
    await activity.hooks.observe('subagent.start', blueprint, activity)
    return start(activity, child, request)
  } finally {
    leave()
    await own?.release()
  }
}

/** Checks depth and fan-out, and takes a place, in one go. Returns how to give it back; once is enough. */
function enter(parent: Session): () => void {
  const { limits, depth } = parent.state.blueprint
  const maxDepth = limits.depth ?? DEFAULT_DEPTH
  if (depth >= maxDepth) throw limit(parent, `would nest ${depth + 1} deep, and limits.depth is ${maxDepth}`)
  const maxFanOut = limits.fanOut ?? DEFAULT_FAN_OUT
  const count = (arriving.get(parent) ?? 0) + parent.children.size
  if (count >= maxFanOut)
    throw limit(parent, `has ${count} subagents running, and limits.fanOut is ${maxFanOut}`)
  arriving.set(parent, (arriving.get(parent) ?? 0) + 1)
  let isHere = true
  return () => {
    if (isHere) arriving.set(parent, arriving.get(parent)! - 1)
    isHere = false
  }
}

async function judgeRequest(activity: Activity, asked: SpawnRequest): Promise<SpawnRequest> {
  const request = await activity.transform('subagent.transform', asked)
  const decision = await activity.guard('subagent.guard', request)
  if (decision?.kind !== 'deny') return request
  throw new HalterError('ERR_TURN_REFUSED', `${decision.plugin} refused the subagent: ${decision.reason}`, {
    plugin: decision.plugin,
    hook: 'subagent.guard',
  })
}

function childBlueprint(parent: Session, request: SpawnRequest): SessionBlueprint {
  const { blueprint } = parent.state
  const { agent, limits, appendSystemPrompt } = request
  const { title: _title, agent: _agent, tools: _tools, ...inherited } = blueprint
  const tools = allowedTools(parent, request)
  return {
    ...inherited,
    sessionId: parent.nextId('session'),
    parentId: parent.id,
    depth: blueprint.depth + 1,
    model: request.model ?? blueprint.models?.subagent ?? blueprint.model,
    ...(agent !== undefined && { agent }),
    ...(appendSystemPrompt !== undefined && { appendSystemPrompt }),
    ...(tools && { tools }),
    limits: tighten(blueprint.limits, limits),
    metadata: {},
  }
}

/** The limits of a child: its parent's, or less. @throws HalterError `ERR_SESSION_INPUT`. */
function tighten(own: Limits, asked: Limits = {}): Limits {
  const most: Limits = { depth: DEFAULT_DEPTH, fanOut: DEFAULT_FAN_OUT, ...own }
  const tightened: Record<string, number> = { ...own }
  for (const [name, value] of Object.entries(checkLimits(asked)) as [keyof Limits, number | undefined][])
    if (value !== undefined) tightened[name] = Math.min(value, most[name] ?? Infinity)
  return tightened
}

function spawned(
  activity: Activity,
  { sessionId: childId, agent }: SessionBlueprint,
  { task, callId }: SpawnRequest,
): Parameters<Session['log']['append']>[0][number] {
  return {
    type: 'subagent.spawned',
    childId,
    task,
    ...activity.turn,
    ...(agent !== undefined && { agent }),
    ...(callId !== undefined && { callId }),
  }
}

/** A child has no tool that its parent has not, or that the turn that asks for it was not given. */
function allowedTools(parent: Session, { tools }: SpawnRequest): readonly string[] | undefined {
  const own = parent.turns.current?.options.tools ?? parent.state.blueprint.tools
  const others = own ? (tools ?? []).filter((name) => !own.includes(name)) : []
  if (others.length === 0) return tools ?? own
  throw new HalterError(
    'ERR_TOOL_UNKNOWN',
    `A subagent of session ${parent.id} was asked for with tools that the session cannot give: ${others.join(', ')}. It has: ${own!.join(', ') || 'none'}.`,
  )
}

async function store(parent: Session, blueprint: SessionBlueprint): Promise<Session> {
  const ties = { parent }
  try {
    const child = await createSession(parent.runtime, blueprint, {}, ties)
    parent.runtime.adopt(child)
    return child
  } catch (error) {
    const childId = blueprint.sessionId
    await parent.log.append([
      { type: 'subagent.settled', childId, outcome: 'failed', error: toErrorWire(error) },
    ])
    throw error
  }
}

function start({ session: parent, abort }: Activity, child: Session, { task }: SpawnRequest): ChildHandle {
  const handle = child.submit([{ kind: 'text', text: task }])
  const release = abort.adopt({ abort: () => handle.interrupt('its parent was interrupted') })
  const result = handle.result.then((turn) => settle(parent, child, turn))
  parent.settling.add(result)
  void result.then(() => {
    release()
    parent.settling.delete(result)
    parent.runtime.onIdle(parent)
  })
  return { id: child.id, result, interrupt: () => handle.interrupt('its parent stopped it') }
}

/** Records in the parent what came of the child. Never rejects: a parent that cannot record it still hears of it. */
async function settle(parent: Session, child: Session, turn: TurnResult): Promise<ChildResult> {
  const { text, error } = turn
  const result: ChildResult = {
    childId: child.id,
    outcome: outcomeOf(turn),
    text,
    usage: child.spent(),
    ...(error && { error }),
  }
  try {
    await parent.log.append([{ type: 'subagent.settled', ...result }])
    const activity = parent.turns.current
    if (activity) void activity.hooks.observe('subagent.end', result, activity)
  } catch (storeError) {
    parent.runtime.warn(toErrorWire(storeError))
  }
  parent.children.delete(child)
  await child.runtime.letGo(child).catch((error: unknown) => parent.runtime.warn(toErrorWire(error)))
  return result
}

function limit(parent: Session, what: string): HalterError {
  return new HalterError(
    'ERR_SUBAGENT_LIMIT',
    `A subagent of session ${parent.id} was refused: it ${what}. Raise the limit, or wait for one to end.`,
  )
}
