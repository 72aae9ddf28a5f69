import { toolCallsOf, type AssistantMessage, type Json, type ToolCallPart } from '@halter/protocol'
import type { Tool } from '../contracts/tool.ts'
import { checkInput, prepareCall, type PreparedCall } from './prepare-call.ts'
import { refuseCall, runCall } from './run-call.ts'
import { UNKNOWN_OUTCOME } from './tool-answers.ts'
import type { Turn } from './turn.ts'

/**
 * Runs the tool calls of a reply, batch after batch: ask the hooks, store the intent, run, store results as they come. When
 * this returns, every call has its answer in the log.
 */
export async function runTools(turn: Turn, reply: AssistantMessage): Promise<void> {
  const calls = toolCallsOf(reply)
  for (const batch of batchesOf(calls, turn)) await runBatch(turn, batch)
  turn.repeatedCalls.check()
}

/**
 * Answers the calls that a dead process left open. One that had started runs again only when its effects allow it. Those that had not
 * go the usual way, in their batches: one that waited for an answer waits for it again, and those beside it wait with it.
 */
export async function finishOpenCalls(turn: Turn): Promise<void> {
  const open = turn.state.openCalls
    .values()
    .toArray()
    .filter(({ answer }) => !answer)
  for (const { call, startedInput } of open)
    if (startedInput !== undefined) await runAgain(turn, call, startedInput)
  const notStarted = open.filter(({ startedInput }) => startedInput === undefined).map(({ call }) => call)
  for (const batch of batchesOf(notStarted, turn)) await runBatch(turn, batch)
}

async function runAgain(turn: Turn, call: ToolCallPart, input: Json): Promise<void> {
  const tool = turn.tools.byName.get(call.name)
  const checked = tool && tool.effects !== 'unsafe' ? await checkInput(turn, tool, input) : undefined
  if (tool && checked && !checked.issues) await runCall(turn, { call, tool, input, value: checked.value })
  else {
    refuseCall(turn, call, { outcome: 'outcome-unknown', text: UNKNOWN_OUTCOME, input })
    await turn.commit()
    turn.announceUnrun()
  }
}

async function runBatch(turn: Turn, calls: readonly ToolCallPart[]): Promise<void> {
  const prepared: PreparedCall[] = []
  for (const call of calls) {
    const outcome = await prepareCall(turn, call)
    turn.abort.throwIfAborted()
    if (outcome.kind === 'run') prepared.push(outcome.prepared)
    else refuseCall(turn, call, outcome.answer)
  }
  const { id: turnId } = turn
  for (const { call, input } of prepared)
    turn.append({ type: 'toolCall.started', turnId, callId: call.callId, name: call.name, input })
  await turn.commit()
  turn.announceUnrun()
  turn.abort.throwIfAborted()
  if (prepared.length === 1) await runCall(turn, prepared[0]!)
  else await runTogether(turn, prepared)
  turn.abort.throwIfAborted()
}

/** Waits for all, also when the result of one cannot be stored: none runs on behind the end of its turn. */
async function runTogether(turn: Turn, prepared: readonly PreparedCall[]): Promise<void> {
  const results = await Promise.allSettled(prepared.map((call) => runCall(turn, call)))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

/** Neighbours that may run together, together; everything else alone, an unknown tool included. Order is kept. */
function batchesOf(calls: readonly ToolCallPart[], turn: Turn): readonly (readonly ToolCallPart[])[] {
  const batches: ToolCallPart[][] = []
  let isOpen = false
  for (const call of calls) {
    const isShareable = mayShare(turn.tools.byName.get(call.name))
    if (isShareable && isOpen) batches.at(-1)!.push(call)
    else batches.push([call])
    isOpen = isShareable
  }
  return batches
}

function mayShare(tool: Tool | undefined): boolean {
  return tool !== undefined && tool.concurrency !== 'exclusive'
}
