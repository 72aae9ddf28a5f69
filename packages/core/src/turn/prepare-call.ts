import type { CallApproval, Json, ToolCallPart, ToolOutcome } from '@halter/protocol'
import type { ApprovalReply } from '../contracts/approvals.ts'
import type { ToolCall } from '../contracts/hooks.ts'
import type { SchemaResult } from '../contracts/schema.ts'
import type { ApprovalNeed, Tool } from '../contracts/tool.ts'
import { toErrorWire } from '../errors.ts'
import type { GuardDecision } from '../kernel/dispatch.ts'
import { formatIssues } from '../schema.ts'
import { toJson } from './to-json.ts'
import type { CallSite } from './call-site.ts'

/** A call that may run, and with what. */
export interface PreparedCall {
  readonly call: ToolCallPart
  readonly tool: Tool
  /** Final: checked, transformed, judged. */
  readonly input: Json
  /** The same, as the tool gets it: its own copy, in which its schema may have made more than JSON of the input. */
  readonly value: Json
}

/** Why a call is not run, for whoever made it. */
export interface CallAnswer {
  readonly outcome: ToolOutcome
  readonly text: string
  /** What it would have run with; absent: what it was made with. */
  readonly input?: Json
}

/** What became of a call before it ran. */
export type Preparation =
  | { readonly kind: 'run'; readonly prepared: PreparedCall }
  | { readonly kind: 'answer'; readonly answer: CallAnswer }

/**
 * Checks a call, lets hooks change it, checks it again, and has it judged: what a guard or a person saw is what runs.
 * Throws nothing that is the call's own fault: the model is told instead.
 */
export async function prepareCall(turn: CallSite, call: ToolCallPart): Promise<Preparation> {
  const tool = turn.tools.byName.get(call.name)
  if (!tool) return fault(unknownTool(turn, call.name))
  if (call.input === undefined) return fault(malformed(call))
  const asked = turn.caller === undefined ? turn.state.openCalls.get(call.callId)?.approval : undefined
  if (asked) return prepareAsked(turn, { call, tool }, asked)
  const checked = await checkInput(turn, tool, call.input)
  if (checked.issues) return fault(`The input of "${call.name}" is wrong: ${formatIssues(checked.issues)}`)
  const changed = await changeInput(turn, tool, asHooksSee(turn, call, checked.value))
  if (typeof changed === 'string') return fault(changed)
  const input = toJson(changed.value)
  const denial = await judge(turn, tool, asHooksSee(turn, call, input))
  return denial === undefined
    ? { kind: 'run', prepared: { call, tool, input, value: changed.value } }
    : { kind: 'answer', answer: { outcome: 'denied', text: denial, input } }
}

/**
 * Goes on with a call about which a process asked before it died. What was asked about is what may run: no hook changes it again.
 * Guards see it again, and one that denies now is right; whatever else they say, the question stays as it was put, and an answer that
 * is stored counts.
 */
async function prepareAsked(
  turn: CallSite,
  { call, tool }: Pick<PreparedCall, 'call' | 'tool'>,
  asked: CallApproval,
): Promise<Preparation> {
  const { input } = asked.question
  const checked = await checkInput(turn, tool, input)
  if (checked.issues) return fault(`The input of "${call.name}" is wrong: ${formatIssues(checked.issues)}`)
  const decision = await turn.guard('toolCall.guard', asHooksSee(turn, call, input))
  const denial =
    decision?.kind === 'deny'
      ? deniedBy(decision)
      : denialIn(call.name, await turn.session.approvals.goOn(turn, asked.question))
  if (denial !== undefined) return { kind: 'answer', answer: { outcome: 'denied', text: denial, input } }
  return { kind: 'run', prepared: { call, tool, input, value: checked.value } }
}

/** A call as hooks are told of it. */
export function asHooksSee(
  { caller }: CallSite,
  { callId, name }: Pick<ToolCallPart, 'callId' | 'name'>,
  input: Json,
): ToolCall {
  return { callId, name, input, ...(caller !== undefined && { by: caller }) }
}

/** The input as hooks leave it, checked again; or what is wrong with it. What runs is a copy that no hook has in its hands. */
async function changeInput(
  turn: CallSite,
  tool: Tool,
  asked: ToolCall,
): Promise<{ readonly value: Json } | string> {
  if (!turn.hooks.has('toolCall.transform')) return { value: asked.input }
  const { name } = asked
  try {
    const final = await turn.transform('toolCall.transform', asked)
    if (final.name !== name)
      return `A plugin made the call of "${name}" one of "${final.name}", which no hook may. It was not run.`
    const checked = await checkInput(turn, tool, final.input)
    if (!checked.issues) return checked
    return `A plugin changed the input of "${name}", and now it is wrong: ${formatIssues(checked.issues)}`
  } catch (error) {
    return toErrorWire(error).message
  }
}

/** Checks a copy of an input. A schema that fails says nothing good of it: that is an issue like any other. */
export async function checkInput(turn: CallSite, tool: Tool, input: Json): Promise<SchemaResult<Json>> {
  try {
    return await turn.abort.settle(tool.validate(toJson(input)))
  } catch (error) {
    turn.abort.throwIfAborted()
    return { issues: [{ message: `it could not be checked: ${toErrorWire(error).message}` }] }
  }
}

/** Why a call may not run; undefined when it may. Strictest first: deny, ask, allow; then the tool's own opinion. */
async function judge(turn: CallSite, tool: Tool, call: ToolCall): Promise<string | undefined> {
  const decision = await turn.guard('toolCall.guard', call)
  if (decision?.kind === 'deny') return deniedBy(decision)
  if (decision?.kind === 'allow') return undefined
  const need = decision?.kind === 'ask' ? askedFor(decision) : needOf(turn, tool, call)
  if (!need) return undefined
  const scope = scopeOf(turn, tool, need)
  if (turn.state.grants.has(scope)) return undefined
  const reply = await turn.session.approvals.ask(turn, {
    call,
    scope,
    reason: need.reason,
    plugin: decision?.plugin,
  })
  return denialIn(call.name, reply)
}

/**
 * What an answer beyond this call covers; without a scope of its own, every call of the tool. A scope may be what a model wrote, such as
 * a command: one that is called like a tool must not stand for every call of that tool.
 */
function scopeOf(turn: CallSite, tool: Tool, { scope }: ApprovalNeed): string {
  if (scope === undefined) return tool.name
  return turn.tools.byName.has(scope) ? `${tool.name} ${scope}` : scope
}

function deniedBy({ plugin, reason }: Extract<GuardDecision, { kind: 'deny' }>): string {
  return `Denied by ${plugin}: ${reason}`
}

/** Why an answer keeps a call from running; undefined when it does not. */
function denialIn(name: string, { answer, reason }: ApprovalReply): string | undefined {
  return answer === 'deny' ? (reason ?? `The user denied this call of "${name}".`) : undefined
}

function askedFor(decision: Extract<GuardDecision, { kind: 'ask' }>): ApprovalNeed {
  return { reason: decision.reason, ...(decision.scope !== undefined && { scope: decision.scope }) }
}

function needOf(turn: CallSite, tool: Tool, call: ToolCall): ApprovalNeed | undefined {
  try {
    return tool.needsApproval?.(call.input, { workingDir: turn.state.blueprint.workingDir })
  } catch (error) {
    return { reason: `"${tool.name}" could not say whether it needs approval: ${toErrorWire(error).message}` }
  }
}

function fault(text: string): Preparation {
  return { kind: 'answer', answer: { outcome: 'error', text } }
}

function unknownTool(turn: CallSite, name: string): string {
  const names = [...turn.tools.byName.keys()].toSorted().join(', ')
  return `There is no tool "${name}". ${names === '' ? 'No tools are available.' : `Available: ${names}.`}`
}

function malformed(call: ToolCallPart): string {
  const raw = call.malformed ?? ''
  const shown = raw.length > 500 ? `${raw.slice(0, 500)}…` : raw
  return `The input of "${call.name}" is not valid JSON, or was cut off, so the tool was not run. Send the whole call again. Received: ${shown}`
}
