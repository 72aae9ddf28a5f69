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
  | 'to_model'

/** What is true of an event, whoever handles it. */
export interface HookEventFacts {
  /** Absent: the event has nothing to match, and every handler of it runs. */
  readonly matcher?: MatcherKey
  /** A handler that fails decides: `deny` closes, `allow` goes on with a warning. Absent: nothing depends on it. */
  readonly onFailure?: 'deny' | 'allow'
  /** Text that a command prints is context for the model, not a log. */
  readonly plainTextIsContext?: true
  /** It has no moment here: handlers for it are read and never run. */
  readonly isNeverDispatched?: true
}

/** Every event that a hook file may name. Names and matched keys: Claude Code's hooks reference. */
export const HOOK_EVENTS = {
  SessionStart: { matcher: 'source', plainTextIsContext: true },
  SessionEnd: { matcher: 'reason' },
  UserPromptSubmit: { onFailure: 'deny', plainTextIsContext: true },
  PreToolUse: { matcher: 'tool_name', onFailure: 'deny' },
  PostToolUse: { matcher: 'tool_name' },
  PostToolUseFailure: { matcher: 'tool_name' },
  PostToolBatch: {},
  PermissionRequest: { matcher: 'tool_name', onFailure: 'allow' },
  PermissionDenied: { matcher: 'tool_name' },
  Notification: { matcher: 'notification_type' },
  Stop: { onFailure: 'allow' },
  StopFailure: { matcher: 'error' },
  SubagentStart: { matcher: 'agent_type' },
  SubagentStop: { matcher: 'agent_type', onFailure: 'allow' },
  PreCompact: { matcher: 'trigger', onFailure: 'allow' },
  PostCompact: { matcher: 'trigger' },
  FileChanged: { matcher: 'file_path' },
  CwdChanged: {},
  InstructionsLoaded: { matcher: 'load_reason' },
  ConfigChange: { matcher: 'source', onFailure: 'allow' },
  PostModelSwitch: { matcher: 'to_model', plainTextIsContext: true },
  TaskCreated: { onFailure: 'allow' },
  TaskCompleted: { onFailure: 'allow' },
  PreModelSwitch: { matcher: 'to_model', isNeverDispatched: true },
  UserPromptExpansion: { matcher: 'command_name', isNeverDispatched: true },
  Elicitation: { matcher: 'mcp_server_name', isNeverDispatched: true },
  ElicitationResult: { matcher: 'mcp_server_name', isNeverDispatched: true },
  WorktreeCreate: { isNeverDispatched: true },
  WorktreeRemove: { isNeverDispatched: true },
  DirectoryAdded: { matcher: 'source', isNeverDispatched: true },
  Setup: { matcher: 'trigger', isNeverDispatched: true },
  TeammateIdle: { isNeverDispatched: true },
  MessageDisplay: { isNeverDispatched: true },
  PostSampling: { isNeverDispatched: true },
} as const satisfies Readonly<Record<string, HookEventFacts>>

/** An event that a hook file may name. */
export type HookEventName = keyof typeof HOOK_EVENTS

/** What is true of an event. */
export function factsOf(event: HookEventName): HookEventFacts {
  return HOOK_EVENTS[event]
}

/** The event that is meant, in any case style: `PreToolUse`, `pre_tool_use`, `pre-tool-use`, `preToolUse`. */
export function findHookEvent(name: string): HookEventName | undefined {
  const folded = fold(name)
  return (Object.keys(HOOK_EVENTS) as HookEventName[]).find((each) => fold(each) === folded)
}

function fold(name: string): string {
  return name.replace(/[_\-\s]/g, '').toLowerCase()
}

/** Seconds that a handler gets when it does not say, by type. */
export const DEFAULT_TIMEOUT_SECONDS = {
  command: 600,
  http: 600,
  agent: 60,
  prompt: 30,
  function: 30,
} as const
