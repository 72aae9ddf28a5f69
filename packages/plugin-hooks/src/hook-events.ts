/** Which key of its payload an event's matchers are tested against. */
type MatcherKey =
  | 'tool_name'
  | 'source'
  | 'reason'
  | 'notification_type'
  | 'agent_type'
  | 'trigger'
  | 'error'
  | 'load_reason'
  | 'file_path'
  | 'command_name'
  | 'mcp_server_name'
  | 'from_model'
  | 'to_model'

/** What is true of an event, whoever handles it. */
export interface HookEventFacts {
  /** Absent: the event has nothing to match. */
  readonly matcher?: MatcherKey
  /** Absent: it has no moment here, and handlers for it never run. */
  readonly isDispatched?: true
  /** A handler can stop what happens. */
  readonly isGuard?: true
  /** Text that a command prints is context for the model, not a log. */
  readonly plainTextIsContext?: true
}

/** Every event that a hook file may name. Names and matched keys: Claude Code's hooks reference. */
export const HOOK_EVENTS = {
  SessionStart: { matcher: 'source', isDispatched: true, plainTextIsContext: true },
  SessionEnd: { matcher: 'reason', isDispatched: true },
  UserPromptSubmit: { isDispatched: true, isGuard: true, plainTextIsContext: true },
  PreToolUse: { matcher: 'tool_name', isDispatched: true, isGuard: true },
  PostToolUse: { matcher: 'tool_name', isDispatched: true },
  PostToolUseFailure: { matcher: 'tool_name', isDispatched: true },
  PostToolBatch: { isDispatched: true },
  PermissionRequest: { matcher: 'tool_name', isDispatched: true, isGuard: true },
  PermissionDenied: { matcher: 'tool_name', isDispatched: true },
  Notification: { matcher: 'notification_type', isDispatched: true },
  Stop: { isDispatched: true, isGuard: true },
  StopFailure: { matcher: 'error', isDispatched: true },
  SubagentStart: { matcher: 'agent_type', isDispatched: true },
  SubagentStop: { matcher: 'agent_type', isDispatched: true, isGuard: true },
  PreCompact: { matcher: 'trigger', isDispatched: true, isGuard: true },
  PostCompact: { matcher: 'trigger', isDispatched: true },
  FileChanged: { matcher: 'file_path', isDispatched: true },
  CwdChanged: { isDispatched: true },
  InstructionsLoaded: { matcher: 'load_reason', isDispatched: true },
  ConfigChange: { matcher: 'source', isDispatched: true },
  UserPromptExpansion: { matcher: 'command_name' },
  PreModelSwitch: { matcher: 'to_model' },
  PostModelSwitch: { matcher: 'to_model' },
  Elicitation: { matcher: 'mcp_server_name' },
  ElicitationResult: { matcher: 'mcp_server_name' },
  WorktreeCreate: {},
  WorktreeRemove: {},
  Setup: { matcher: 'trigger' },
  TeammateIdle: {},
  TaskCreated: {},
  TaskCompleted: {},
  PostSampling: {},
} as const satisfies Readonly<Record<string, HookEventFacts>>

/** An event that a hook file may name. */
export type HookEventName = keyof typeof HOOK_EVENTS

const BY_FOLDED: ReadonlyMap<string, HookEventName> = new Map(
  (Object.keys(HOOK_EVENTS) as HookEventName[]).map((name) => [fold(name), name]),
)

/** The event that is meant, in any case style: `PreToolUse`, `pre_tool_use`, `pre-tool-use`, `preToolUse`. */
export function findHookEvent(name: string): HookEventName | undefined {
  return BY_FOLDED.get(fold(name))
}

function fold(name: string): string {
  return name.replace(/[_\-\s]/g, '').toLowerCase()
}
