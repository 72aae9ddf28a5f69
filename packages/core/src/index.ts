export type { Checkpoint } from '@halter/protocol'
export { halterHome } from './config/halter-home.ts'
export { nearestName } from './config/nearest-name.ts'
export { trustFolders } from './config/trust-folders.ts'
export { API_VERSION, definePlugin, isPlugin, perSession, perTurn } from './define-plugin.ts'
export type {
  CollectionName,
  Decorator,
  Plugin,
  PluginSpec,
  Scoped,
  ServiceName,
  ServiceView,
  SetupContext,
  SetupResult,
  SlotName,
  Taps,
} from './define-plugin.ts'
export { defineTool } from './define-tool.ts'
export type { ToolSpecification } from './define-tool.ts'
export { ERROR_CODES, HalterError, isHalterError, toErrorWire } from './errors.ts'
export type { ErrorCode, HalterErrorDetails } from './errors.ts'
export { formatIssues, jsonSchema, toJsonSchema, validate } from './schema.ts'
export type { ApprovalReply, ApprovalRequest, Approvals } from './contracts/approvals.ts'
export type {
  CompactionInstructions,
  CompactionRequest,
  CompactionResult,
  ContextInput,
  ContextManager,
  Obligation,
  ObligationSource,
  TokenEstimator,
} from './contracts/context-manager.ts'
export type { EventSink } from './contracts/event-sink.ts'
export type {
  CompactionDraft,
  GuardHook,
  HookName,
  Hooks,
  ModelAnswer,
  ModelQuestion,
  ObserveHook,
  PromptDraft,
  SessionPort,
  Tap,
  TapContext,
  ToolCall,
  ToolCallResult,
  ToolVerdict,
  TransformHook,
  TurnOutcome,
  TurnStop,
  Verdict,
} from './contracts/hooks.ts'
export type { KeyValue, KeyValueNamespace, StorageAdapter } from './contracts/key-value.ts'
export type {
  InspectedCompaction,
  InspectedMessage,
  InspectedSegment,
  PromptInspection,
} from './contracts/inspection.ts'
export type { AssembledPrompt, PromptAssembler, PromptInput } from './contracts/prompt-assembler.ts'
export { RETRYABLE_KINDS } from './contracts/provider.ts'
export type {
  CacheBreakpoint,
  ModelCapabilities,
  ModelInfo,
  ModelPart,
  ModelPrices,
  ModelReply,
  ModelRequest,
  Models,
  Provider,
  ProviderCompaction,
  ResolvedModel,
  ToolSpec,
} from './contracts/provider.ts'
export { EMPTY_RESOURCES } from './contracts/resources.ts'
export type {
  AgentResource,
  CommandResource,
  DeclaredResource,
  InstructionResource,
  ResourceOrigin,
  ResourcePlugin,
  ResourceSnapshot,
  ResourceSource,
  SkillResource,
} from './contracts/resources.ts'
export type {
  Approver,
  EventsOptions,
  HalterSession,
  PluginDescription,
  PluginEntry,
  Preset,
  ResumeOptions,
  RuntimeDescription,
  RuntimeEvents,
  RuntimeOptions,
  RuntimeTimeouts,
  SessionApprovals,
  SessionAttachments,
  SessionHandle,
  SessionHooks,
  SessionInit,
  SessionRuntime,
  ShutdownReport,
  TapDescription,
  TurnHandle,
  TurnInput,
  TurnOptions,
  TurnResult,
  VerifyProblem,
  VerifyReport,
} from './contracts/runtime.ts'
export type {
  JsonSchema,
  Schema,
  SchemaIssue,
  SchemaResult,
  StandardSchema,
  TypedJsonSchema,
} from './contracts/schema.ts'
export type {
  Collections,
  Command,
  Cradle,
  Defer,
  DoctorCheck,
  DoctorFinding,
  Services,
  SessionCradle,
  TurnCradle,
} from './contracts/services.ts'
export type {
  BlobOperations,
  ChangePage,
  CommitBatch,
  CommitResult,
  Lease,
  LeaseHolder,
  LeaseOperations,
  LeaseRequest,
  NewSession,
  SessionPage,
  SessionQuery,
  SessionStore,
  StoredSession,
} from './contracts/session-store.ts'
export type { ChildHandle, ChildResult, SpawnRequest, SubagentControl } from './contracts/subagents.ts'
export type {
  Budget,
  BudgetRequest,
  BudgetRest,
  Clock,
  Environment,
  EnvironmentFacts,
  IdKind,
  IdSource,
  Logger,
  RandomSource,
  Reservation,
  Watcher,
} from './contracts/system.ts'
export type {
  ApprovalNeed,
  Tool,
  ToolConcurrency,
  ToolContext,
  ToolEffects,
  ToolOutput,
  ToolReturn,
} from './contracts/tool.ts'
export type { FolderTrust } from './contracts/trust.ts'
