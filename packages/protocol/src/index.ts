export type { Limits, ModelRole, ReasoningEffort, SessionBlueprint } from './blueprint.ts'
export type { Checkpoint } from './checkpoint.ts'
export type { ErrorWire, ModelErrorKind } from './error.ts'
export { EVENT_VERSIONS } from './events.ts'
export type {
  ApprovalAnswer,
  EventEnvelope,
  HookRun,
  PendingEvent,
  SessionUpdate,
  StoredEvent,
  StoredEventPayloads,
  StoredEventType,
  SubagentOutcome,
  TurnSettings,
  ToolOutcome,
  TurnCompletion,
  TurnFailure,
} from './events.ts'
export { fold, SessionFold } from './fold.ts'
export type { PluginReducer, PluginReducers } from './fold.ts'
export type { CommitId, MessageId, SessionId, ToolCallId, TurnId } from './ids.ts'
export { isStored } from './live.ts'
export type {
  Delta,
  Lagged,
  LiveEvent,
  SessionEvent,
  TextDelta,
  ThinkingDelta,
  ToolInputDelta,
  ToolOutputDelta,
} from './live.ts'
export { textOf, toolCallsOf } from './messages.ts'
export type {
  AssistantMessage,
  AssistantPart,
  BlobPart,
  DocumentPart,
  ImagePart,
  Json,
  JsonPart,
  Message,
  MessageOrigin,
  NativePart,
  StopReason,
  TextPart,
  ThinkingPart,
  ToolCallPart,
  ToolMessage,
  ToolResultPart,
  UserMessage,
  UserPart,
  WholePart,
} from './messages.ts'
export type {
  CompactionOutcome,
  CompactionTrigger,
  ContextPlan,
  ModelLimits,
  PromptSegment,
  SeqRange,
  Stability,
} from './plan.ts'
export type {
  ChildRecord,
  InjectedSegment,
  LastTurn,
  CallApproval,
  OpenCall,
  OpenTurn,
  PluginCall,
  PluginState,
  SessionState,
  SessionStatus,
  UsageLedger,
} from './state.ts'
export { changesSummary, foldSummary } from './summary.ts'
export type { SessionSummary } from './summary.ts'
export { transcript } from './transcript.ts'
export type { Transcript } from './transcript.ts'
export { parseEvent, upcast } from './upcast.ts'
export type { RawEvent, Upcaster } from './upcast.ts'
export { addUsage, contextTokens, NO_USAGE } from './usage.ts'
export type { ModelPurpose, Usage } from './usage.ts'
