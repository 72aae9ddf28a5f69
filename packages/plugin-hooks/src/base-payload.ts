import { toErrorWire } from '@halter/core'
import type { HookEventName } from './hook-events.ts'
import type { Moment } from './hook-services.ts'
import type { HookSession } from './hook-session.ts'
import type { JsonObject } from './json.ts'

/** What handlers may test to see what they talk to. */
export const HOOK_PROTOCOL_VERSION = 1

/** What every payload begins with. Fields: Claude Code's hooks reference, and those of the reference implementation. */
export async function basePayload(
  hooks: HookSession,
  event: HookEventName,
  moment: Moment,
  callId?: string,
): Promise<JsonObject> {
  const { session } = hooks
  const { sessionId, parentId, agent, workingDir, model, effort } = session.blueprint
  return {
    hook_event_name: event,
    halter_version: HOOK_PROTOCOL_VERSION,
    session_id: sessionId,
    turn_id: moment.turnId ?? '',
    ...(moment.turnId !== undefined && { prompt_id: moment.turnId }),
    ...(await transcripts(hooks, event, moment, callId)),
    cwd: workingDir,
    model,
    permission_mode: 'default',
    ...(effort !== undefined && { effort: { level: effort } }),
    ...(parentId !== undefined && {
      agent_id: sessionId,
      agent_type: agent ?? 'default',
      parent_session_id: parentId,
    }),
  }
}

/**
 * Of a subagent's end, as in Claude Code: the parent's transcript, and the subagent's own beside it. While a call is judged, the reply
 * that made it is not stored yet; it is in the transcript all the same.
 */
async function transcripts(
  hooks: HookSession,
  event: HookEventName,
  moment: Moment,
  callId: string | undefined,
): Promise<JsonObject> {
  const { session, services } = hooks
  try {
    const files = await services.transcripts?.()
    const path = (await files?.update(session, hooks.replyWith(callId))) ?? ''
    if (event !== 'SubagentStop') return { transcript_path: path }
    return { transcript_path: (await files?.updateParent(session)) ?? path, agent_transcript_path: path }
  } catch (error) {
    moment.warn(`The transcript for ${event} hooks could not be written: ${toErrorWire(error).message}`)
    return { transcript_path: '' }
  }
}
